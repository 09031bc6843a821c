import { basename, dirname } from 'node:path';
import type { Text } from '../core/text.ts';
import type { Answers } from './answers.ts';
import { comment } from './config-text.ts';

/** Where a systemd service has its folder for what lives in memory. */
const RUN = '/run/';

/**
 * Writes a systemd unit, which docs/install.md explains. A file outside /run is allowed by ReadWritePaths, and its folder
 * has to exist.
 */
export function systemdUnit({ file, language }: Answers, configPath: string): string {
  const folder = dirname(file);
  const say = (text: Text) => comment(text, language);
  const isRun = folder.startsWith(RUN);
  const where = isRun
    ? `RuntimeDirectory=${folder.slice(RUN.length)}
RuntimeDirectoryMode=0750
${say({ en: 'What is published outlives a restart, so that one costs no call and no app meets an absent file.', zh: '已发布的文件在重启后仍在：重启不用调用微信，应用也不会遇到文件缺失。' })}
RuntimeDirectoryPreserve=yes`
    : `ReadWritePaths=${folder}`;
  return `[Unit]
Description=Keeps WeChat credentials fresh in ${folder}
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=/usr/bin/env node /usr/local/lib/wx-token-sidecar/wx-token-sidecar.js run --config ${configPath}
${say({ en: 'Apps that read are members of this group.', zh: '读取 token 的应用加入这个组。' })}
User=wx-token
Group=wx-token
${where}
Restart=always
RestartSec=2
${say({ en: 'A mistake in the configuration stays one: it wants a person.', zh: '配置错误不会自己消失，需要人来处理。' })}
RestartPreventExitStatus=78
TimeoutStopSec=10
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
LockPersonality=yes
SystemCallArchitectures=native
MemoryMax=200M

[Install]
WantedBy=multi-user.target
`;
}

/** Writes a compose file with the daemon and the place of an app, which docs/install.md explains. */
export function composeFile({ file, secretFile, language }: Answers): string {
  const volume = dirname(file);
  const say = (text: Text, indent: number) => comment(text, language, indent);
  return `services:
  wx-token:
    image: wx-token-sidecar
    restart: unless-stopped
    user: "1000:1000"
    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    mem_limit: 160m
    command: [run, --config, /etc/wx-token-config/config.yaml]
${say({ en: 'Folders, never single files: those would keep their first content for ever.', zh: '挂载目录而不是单个文件：单个文件会永远停留在最初的内容。' }, 4)}
    volumes: ["./config:/etc/wx-token-config:ro", "./secret:${dirname(secretFile)}:ro", "wx:${volume}"]
  app:
${say({ en: 'Your image and command; 33 is the user of your app, 1000 the group of the published file.', zh: '换成你的镜像和命令；33 是应用的用户，1000 是已发布文件的组。' }, 4)}
    image: php:8.3-cli
    depends_on: [wx-token]
    user: "33:1000"
    command: [sh, -c, "until [ -s ${file} ]; do sleep 1; done; echo ${basename(file)} is there; exec sleep infinity"]
    volumes: ["wx:${volume}:ro"]
volumes:
${say({ en: 'In memory: no token touches a disk. It is made once, as the last lines of init say.', zh: '位于内存：token 不落盘。按 init 最后的提示创建一次。' }, 2)}
  wx: { external: true, name: wx }
`;
}
