import { describe, expect, it } from 'vitest';
import { startProgram } from '../support/program.ts';
import { place, SECRET } from './written.ts';

const MISTAKEN = `# Everything that people get wrong.
schedule: "0 * * * * *"
log: { level: loud }
platform:
  timeout: 10
  proxi: http://egress:3128
  caFile: $FOLDER/no-such.pem
http: { listen: "9400" }
credentials:
  - name: shop
    appId: wx0000000000000000
    secret: ${SECRET}
    ahead: 10m
    optional: yes
    tickets: [jsapi, corp_jsapi, wx_card]
    publish:
      - { type: file, path: $FOLDER/out/token, mode: 0640 }
      - { type: file, path: out/jsapi, of: jsapi, group: no-such-group }
    notify:
      - { type: exec, command: [php, /app/warm.php] }
      - { type: webhook, url: ftp://127.0.0.1/changed }
      - { type: signal, pidFile: $FOLDER/no-such.pid, signal: HOP }
  - name: shop
    appId: wx0000000000000000
    appId: wx0000000000000001
    secretFile: $FOLDER/secrets/none
    publish: [{ type: file, path: $FOLDER/out/token.json }]
  - name: Bot
    type: wecom
    appId: ww0000000000000000
    secretEnv: NOT_SET
    publish: [{ type: file, path: $FOLDER/secrets/one, of: agent_config }]
  - name: nothing
    appId: wx0000000000000000
    secretFile: $FOLDER/secrets/one
    rotationWindow: 0s
    publish: []
`;

const TOLD = [
  'config.yaml:2 schedule: leaves gaps of 60 s; at most 30 s are allowed',
  'config.yaml:3 log.level: must be error, warn, info or debug',
  'config.yaml:5 platform.timeout: must be a duration with a unit, like 90s, 10m or 2h',
  'config.yaml:6 platform.proxi: is not a known key here; did you mean proxy?',
  'config.yaml:7 platform.caFile: $FOLDER/no-such.pem cannot be read (ENOENT)',
  'config.yaml:8 http.listen: must be host:port, like 127.0.0.1:9400, 0.0.0.0:9400 or [::1]:9400',
  'config.yaml:12 credentials[0].secret: a secret may not stand here, where it would be copied, committed and shown: ' +
    'put it into a file and name that in secretFile, or into a variable and name that in secretEnv',
  'config.yaml:13 credentials[0].ahead: belongs to access-token: stable-token has rotationWindow',
  'config.yaml:14 credentials[0].optional: must be true or false',
  'config.yaml:15 credentials[0].tickets[1]: corp_jsapi is not a ticket of stable-token: that has jsapi and wx_card',
  'config.yaml:15 credentials[0].tickets[2]: wx_card is published nowhere: add an entry with of: wx_card to publish',
  'config.yaml:17 credentials[0].publish[0].mode: must be an octal file mode in quotes, like "0640": without them it is another number',
  'config.yaml:18 credentials[0].publish[1].path: must be an absolute path to a file or folder',
  'config.yaml:18 credentials[0].publish[1].group: this system knows no group called "no-such-group": use its number',
  'config.yaml:20 credentials[0].notify[0].command[0]: must be the absolute path of a program: there is no shell and no search',
  'config.yaml:21 credentials[0].notify[1].url: must be a URL like http://127.0.0.1:8080/changed',
  'config.yaml:22 credentials[0].notify[2].signal: is no signal of this system; usual ones are HUP, USR1, USR2, TERM',
  'config.yaml:23 credentials[1].name: is the name of credentials[0] as well',
  'config.yaml:24 credentials[1].appId: the same account and type as credentials[0]: let one credential publish for both',
  'config.yaml:25 credentials[1].appId: is a duplicate key: only one of them can count',
  'config.yaml:26 credentials[1].secretFile: the secret file $FOLDER/secrets/none cannot be read (ENOENT)',
  'config.yaml:27 credentials[1].publish[0].path: $FOLDER/out/token.json is published by ' +
    'credentials[0].publish[0].path already (details: false leaves out PATH.json)',
  'config.yaml:28 credentials[2].name: must be 1 to 63 of a-z, 0-9 and -, with no - at an end',
  'config.yaml:30 credentials[2].appId: does not belong to wecom, which has corpId',
  'config.yaml:31 credentials[2].secretEnv: names a variable that is not set',
  'config.yaml:32 credentials[2].publish[0].of: agent_config is not among the tickets of this credential',
  'config.yaml:34 credentials[3].appId: the same account and type as credentials[0]: let one credential publish for both',
  'config.yaml:35 credentials[3].secretFile: is a file that would be published: the AppSecret would be overwritten',
  'config.yaml:36 credentials[3].rotationWindow: must be longer than nothing',
  'config.yaml:37 credentials[3].publish: is empty: the credential would be published nowhere',
];

/** The same in Chinese, with the language in the first line in place of the comment. */
const TOLD_IN_CHINESE = [
  'config.yaml:2 schedule: 间隔长达 60 秒；至多允许 30 秒',
  'config.yaml:3 log.level: 必须是 error、warn、info 或 debug',
  'config.yaml:5 platform.timeout: 必须是带单位的时长，如 90s、10m 或 2h',
  'config.yaml:6 platform.proxi: 这里没有这个配置项；是不是想写 proxy？',
  'config.yaml:7 platform.caFile: $FOLDER/no-such.pem 无法读取（ENOENT）',
  'config.yaml:8 http.listen: 必须是 host:port，如 127.0.0.1:9400、0.0.0.0:9400 或 [::1]:9400',
  'config.yaml:12 credentials[0].secret: 机密不能写在这里，会被复制、提交和显示：写入一个文件并在 secretFile 里写它的路径，' +
    '或放进变量并在 secretEnv 里写变量名',
  'config.yaml:13 credentials[0].ahead: 只用于 access-token：stable-token 用 rotationWindow',
  'config.yaml:14 credentials[0].optional: 必须是 true 或 false',
  'config.yaml:15 credentials[0].tickets[1]: corp_jsapi 不是 stable-token 的 ticket：它有 jsapi 和 wx_card',
  'config.yaml:15 credentials[0].tickets[2]: wx_card 没有发布到任何地方：在 publish 里加一项 of: wx_card',
  'config.yaml:17 credentials[0].publish[0].mode: 必须是加引号的八进制文件权限，如 "0640"：不加引号就是另一个数',
  'config.yaml:18 credentials[0].publish[1].path: 必须是文件或目录的绝对路径',
  'config.yaml:18 credentials[0].publish[1].group: 本系统没有名为 "no-such-group" 的组：改用数字',
  'config.yaml:20 credentials[0].notify[0].command[0]: 必须是程序的绝对路径：这里没有 shell，也不在 PATH 里查找',
  'config.yaml:21 credentials[0].notify[1].url: 必须是 URL，如 http://127.0.0.1:8080/changed',
  'config.yaml:22 credentials[0].notify[2].signal: 不是本系统的信号；常用的是 HUP、USR1、USR2、TERM',
  'config.yaml:23 credentials[1].name: 也是 credentials[0] 的名称',
  'config.yaml:24 credentials[1].appId: 与 credentials[0] 的账号和类型相同：让一份凭据为两者发布',
  'config.yaml:25 credentials[1].appId: 这个键重复了：只有一个能生效',
  'config.yaml:26 credentials[1].secretFile: AppSecret 文件 $FOLDER/secrets/none 无法读取（ENOENT）',
  'config.yaml:27 credentials[1].publish[0].path: $FOLDER/out/token.json 已经由 credentials[0].publish[0].path 发布' +
    '（details: false 时没有 PATH.json）',
  'config.yaml:28 credentials[2].name: 必须是 1 到 63 个 a-z、0-9 和 -，并且不以 - 开头或结尾',
  'config.yaml:30 credentials[2].appId: 不用于 wecom，它用 corpId',
  'config.yaml:31 credentials[2].secretEnv: 指定的变量没有设置',
  'config.yaml:32 credentials[2].publish[0].of: agent_config 不在这份凭据的 tickets 里',
  'config.yaml:34 credentials[3].appId: 与 credentials[0] 的账号和类型相同：让一份凭据为两者发布',
  'config.yaml:35 credentials[3].secretFile: 是要发布的文件：AppSecret 会被覆盖',
  'config.yaml:36 credentials[3].rotationWindow: 必须大于零',
  'config.yaml:37 credentials[3].publish: 是空的：凭据不会发布到任何地方',
];

/** What keeps the daemon from an AppSecret, which `refresh` does not need. */
const OF_THE_DAEMON = /secretFile: .+ cannot be read|secretEnv: names a variable that is not set/;

describe('a configuration with many mistakes', () => {
  it('all mistakes are reported at once, each with line, key and remedy', async () => {
    const { problems } = await place();
    expect(await problems(MISTAKEN)).toEqual(TOLD);
  });

  it('run, once and refresh exit with code 78 and list every mistake that concerns them, without the secret', async ({
    onTestFinished,
  }) => {
    const { folder, problems } = await place();
    await problems(MISTAKEN);
    for (const [command, way] of [
      ['run', { args: ['--config', `${folder}/config.yaml`], env: {} }],
      ['once', { args: [`--config=${folder}/config.yaml`], env: {} }],
      ['refresh', { args: [], env: { WXTOKEN_CONFIG: `${folder}/config.yaml` } }],
    ] as const) {
      const program = startProgram([command, ...way.args], { env: way.env }, onTestFinished);
      const { code } = await program.exited;
      expect(code).toBe(78);
      const lines = program.stderr().trimEnd().split('\n');
      const told = command === 'refresh' ? TOLD.filter((line) => !OF_THE_DAEMON.test(line)) : TOLD;
      expect(lines.map((line) => line.replaceAll(folder, '$FOLDER'))).toEqual(
        told.map((line) => `wx-token-sidecar: ${line}`),
      );
      expect(program.stderr()).not.toContain(SECRET);
    }
  });

  it('run, once and check list every mistake in Chinese where the file, or the variable, says so', async ({
    onTestFinished,
  }) => {
    const { folder, problems } = await place();
    await problems(MISTAKEN);
    const inVariable = { WXTOKEN_LANGUAGE: 'zh' };
    for (const [command, env] of [
      ['once', inVariable],
      ['check', {}],
      ['run', {}],
    ] as const) {
      if (!('WXTOKEN_LANGUAGE' in env)) await problems(MISTAKEN.replace(/^#.*/, 'language: zh'));
      const program = startProgram([command, '--config', `${folder}/config.yaml`], { env }, onTestFinished);
      const { code } = await program.exited;
      expect(code).toBe(78);
      const lines = program.stderr().trimEnd().split('\n');
      expect(lines.map((line) => line.replaceAll(folder, '$FOLDER'))).toEqual(
        TOLD_IN_CHINESE.map((line) => `wx-token-sidecar: ${line}`),
      );
    }
  });
});
