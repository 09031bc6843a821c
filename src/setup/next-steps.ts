import { basename, dirname, join } from 'node:path';
import type { Text } from '../core/text.ts';
import type { Answers, Reader } from './answers.ts';
import { CONFIG_PATH } from './files.ts';

/** A step that is left to people: what it is for, and the commands of it. */
export interface NextStep {
  readonly what: Text;
  readonly commands: readonly string[];
}

const WHITELIST: Text = {
  en: "Put the public IP address of the machine on the account's IP whitelist; if it is missing there, the log prints the address to add.",
  zh: '把机器的公网 IP 地址加入账号的 IP白名单；如果缺失，日志会打印要添加的地址。',
};

const PUT_SECRET: Text = {
  en: 'Put the AppSecret into this file, which nobody else may read. Type it after the command, then Enter and Ctrl-D: so it is in no history of a shell.',
  zh: '把 AppSecret 写入这个文件，其他人不得读取。执行命令后输入密钥，再按回车和 Ctrl-D：这样它不会留在 shell 的历史里。',
};

/** Tells what is left to do after `init`, in its order. */
export function nextSteps(answers: Answers, folder: string): readonly NextStep[] {
  return [...STEPS[answers.reader](answers, folder), { what: WHITELIST, commands: [] }];
}

const STEPS: Readonly<Record<Reader, (answers: Answers, folder: string) => readonly NextStep[]>> = {
  systemd: ({ secretFile }, folder) => [
    {
      what: {
        en: 'Install the program, here from a checkout that has been built (docs/install.md), its user, the configuration and the unit.',
        zh: '安装程序（这里从构建好的源码目录，见 docs/zh-CN/install.md）、它的用户、配置和 unit。',
      },
      commands: [
        'install -D -t /usr/local/lib/wx-token-sidecar dist/wx-token-sidecar.js package.json',
        'useradd --system --user-group wx-token',
        `install -D -m 0644 ${join(folder, 'config.yaml')} ${CONFIG_PATH}`,
        `install -m 0644 ${join(folder, 'wx-token-sidecar.service')} /etc/systemd/system/`,
      ],
    },
    {
      what: PUT_SECRET,
      commands: [`install -D -m 0400 -o wx-token -g wx-token /dev/null ${secretFile}`, `cat > ${secretFile}`],
    },
    {
      what: { en: 'Start, and look whether all is well.', zh: '启动，然后检查一切是否正常。' },
      commands: [
        'systemctl daemon-reload && systemctl enable --now wx-token-sidecar',
        `runuser -u wx-token -- node /usr/local/lib/wx-token-sidecar/wx-token-sidecar.js check --online --config ${CONFIG_PATH}`,
      ],
    },
  ],
  compose: ({ secretFile }, folder) => {
    const secret = join(folder, 'secret', basename(secretFile));
    return [
      {
        what: PUT_SECRET,
        commands: [`install -D -m 0400 -o 1000 -g 1000 /dev/null ${secret}`, `cat > ${secret}`],
      },
      {
        what: {
          en: 'Build the image in a checkout (docs/install.md), make the volume once, in memory, and start (without the plugin: docker-compose).',
          zh: '在源码目录里构建镜像（见 docs/zh-CN/install.md），创建一次位于内存的卷，然后启动（没有该插件时用 docker-compose）。',
        },
        commands: [
          'docker build -t wx-token-sidecar .',
          'docker volume create --opt type=tmpfs --opt device=tmpfs --opt o=nr_blocks=256,uid=1000,gid=1000,mode=0750 wx',
          `docker compose -f ${join(folder, 'compose.yaml')} up -d`,
        ],
      },
      {
        what: { en: 'Look whether all is well.', zh: '检查一切是否正常。' },
        commands: [
          `docker compose -f ${join(folder, 'compose.yaml')} exec wx-token wx-token-sidecar check --online --config /etc/wx-token-config/config.yaml`,
        ],
      },
    ];
  },
  sidecar: ({ secretFile, file }, folder) => [
    secretOfKubernetes(secretFile),
    {
      what: {
        en: `Push the image to your registry and name it in ${join(folder, 'kustomization.yaml')} (newName). Name the component in the kustomization of the app, by its path from there, and mount the folder in the containers that read.`,
        zh: `把镜像推送到你的镜像仓库，并写入 ${join(folder, 'kustomization.yaml')}（newName）。在应用的 kustomization 中引用这个组件（写相对于那里的路径），并在读取 token 的容器里挂载目录。`,
      },
      commands: [
        `components: [${folder}]`,
        `volumeMounts: [{ name: wx, mountPath: ${dirname(file)}, readOnly: true }]`,
      ],
    },
  ],
  cluster: ({ secretFile }, folder) => [
    {
      what: {
        en: `Push the image to your registry and name it in ${join(folder, 'kustomization.yaml')} (newName).`,
        zh: `把镜像推送到你的镜像仓库，并写入 ${join(folder, 'kustomization.yaml')}（newName）。`,
      },
      commands: ['kubectl create namespace wx-token'],
    },
    secretOfKubernetes(secretFile, 'wx-token'),
    {
      what: { en: 'Apply it.', zh: '应用到集群。' },
      commands: [`kubectl apply -k ${folder}`],
    },
  ],
};

function secretOfKubernetes(secretFile: string, namespace?: string): NextStep {
  const where = namespace === undefined ? '' : ` -n ${namespace}`;
  return {
    what: {
      en: 'Put the AppSecret into a Secret. Type it after the command, then Ctrl-D twice: so it is in no history of a shell, and pods get it with mode 0440.',
      zh: '把 AppSecret 写入 Secret。执行命令后输入密钥，再按两次 Ctrl-D：这样它不会留在 shell 的历史里，pod 以权限 0440 得到它。',
    },
    commands: [
      `kubectl${where} create secret generic wx-appsecret --from-file=${basename(secretFile)}=/dev/stdin`,
    ],
  };
}
