import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectChineseWords } from '../config/told.ts';
import { BUILT_PROGRAM, startProgram } from '../support/program.ts';
import { typed } from '../support/terminal.ts';
import { APP_ID, workbench } from './workbench.ts';

const HEAD = 'wx-token-sidecar: ';

/** Lines for people without the name of the program, each of them held to be Chinese after what names its place. */
function linesOf(text: string): string[] {
  const lines = text.trimEnd().split(/\r?\n/);
  for (const line of lines) expectChineseWords(line.slice(HEAD.length).replace(/^[^：]*?: /, ''));
  return lines.map((line) => line.slice(HEAD.length));
}

describe.concurrent('mistakes in Chinese', () => {
  it('options and variables that are wrong are told together, each with what was meant', async ({
    onTestFinished,
  }) => {
    const env = {
      WXTOKEN_LANGUAGE: 'zh',
      WXTOKEN_SECERT_FILE: '/x',
      WXTOKEN_SCHEDULE: '0 * * * * *',
      WXTOKEN_LISTEN: '9400',
      WXTOKEN_APPID: ' wx0000000000000000',
      WXTOKEN_CA_FILE: '/dev/zero',
    };
    const program = startProgram(['run', '--confg', 'x', 'more'], { env }, onTestFinished);
    expect((await program.exited).code).toBe(78);
    expect(linesOf(program.stderr())).toEqual([
      "参数：未知选项 '--confg'；是不是想写 --config？",
      "参数：多余的参数 'more'",
      'WXTOKEN_SCHEDULE: 间隔长达 60 秒；至多允许 30 秒',
      'WXTOKEN_LISTEN: 必须是 host:port，如 127.0.0.1:9400、0.0.0.0:9400 或 [::1]:9400',
      'WXTOKEN_APPID: 开头有空格（U+0020）：去掉它',
      'WXTOKEN_SECERT_FILE: 不是本程序的变量；是不是想写 WXTOKEN_SECRET_FILE？',
      'WXTOKEN_SECRET_FILE: 必填，或者用 WXTOKEN_SECRET：AppSecret 在哪里',
      'WXTOKEN_CA_FILE: /dev/zero 无法读取（不是普通文件）',
    ]);
  });

  it('a file that is no YAML is told in the language that it says all the same', async ({
    onTestFinished,
  }) => {
    const { folder } = await workbench(onTestFinished);
    const config = join(folder, 'broken.yaml');
    await writeFile(config, 'log: { level: [\ncredentials:\n\t- name: shop\nlanguage: zh\n');
    const program = startProgram(['check', '--config', config], {}, onTestFinished);
    expect((await program.exited).code).toBe(78);
    expect(linesOf(program.stderr())).toEqual([
      'broken.yaml:1: 这里的括号（{）没有闭合：缺少 }',
      'broken.yaml:3: 用制表符缩进：YAML 只允许用空格',
    ]);
  });

  it('a terminal whose locale is Chinese is answered in Chinese before there is a configuration', async (context) => {
    const env = { LANG: 'zh_CN.UTF-8', LC_ALL: '', WXTOKEN_APPID: 'x' };
    const { code, stdout } = await typed(context, [process.execPath, BUILT_PROGRAM, 'check'], '', env);
    expect(code).toBe(78);
    expect(linesOf(stdout)[0]).toMatch(/^WXTOKEN_APPID: 必须是 AppID 或 CorpID/);
  });

  it.for([
    [['chekc'], '"chekc" 不是命令；命令有 run、once、check、', '是不是想写 check？'],
    [['stat'], '"stat" 不是命令；', '是不是想写 status？'],
    [['completion', 'tcsh'], '参数：写一种 shell：bash、zsh、fish', ''],
    [['status', '--json', '--quiet'], '参数：--json 要打印，--quiet 不打印：只写一个', ''],
    [['sandbox', '--lisen', 'x'], '--lisen: 没有这个选项', '是不是想写 --listen？'],
    [['init', '--raeder', 'compose'], "未知选项 '--raeder'", '是不是想写 --reader？'],
  ] as const)('%j is refused in Chinese', async ([args, says, asks], { onTestFinished }) => {
    const { env } = await workbench(onTestFinished);
    const program = startProgram(args, { env: { ...env(), WXTOKEN_LANGUAGE: 'zh' } }, onTestFinished);
    expect((await program.exited).code).toBe(78);
    const lines = linesOf(program.stderr());
    expect(lines.join('\n')).toContain(says);
    expect(lines.join('\n')).toContain(asks);
  });

  it('a credential that refresh does not know is told with the one that was meant', async ({
    onTestFinished,
  }) => {
    const { env } = await workbench(onTestFinished);
    const args = ['refresh', 'defualt', '--timeout', '1s'];
    const program = startProgram(args, { env: { ...env(), WXTOKEN_LANGUAGE: 'zh' } }, onTestFinished);
    expect((await program.exited).code).toBe(78);
    expect(linesOf(program.stderr())).toEqual(['defualt: 没有这份凭据；有：default；是不是想写 default？']);
  });

  it('a configuration that is refused while the daemon runs is logged in English, with its meaning in Chinese', async ({
    onTestFinished,
  }) => {
    const { sandbox, folder, file, env } = await workbench(onTestFinished);
    const config = join(folder, 'config.json');
    const write = async (keys: object) => {
      const secretFile = env()['WXTOKEN_SECRET_FILE'];
      const shop = { name: 'shop', appId: APP_ID, secretFile, publish: [{ type: 'file', path: file }] };
      const platform = { baseUrl: sandbox.url };
      await writeFile(
        `${config}.new`,
        JSON.stringify({ language: 'zh', platform, credentials: [{ ...shop, ...keys }] }),
      );
      await rename(`${config}.new`, config);
    };
    await write({});
    const daemon = startProgram(['run', '--config', config], {}, onTestFinished);
    await daemon.logged(/^started/);
    await write({ tickets: ['jsapi'], ahead: '5m' });
    await daemon.logged(/stays in force$/);
    const refused = daemon.log().filter(({ level }) => level === 'error');
    expect(refused.map(({ message }) => message)).toEqual([
      'config.json:1 credentials[0].tickets[0]: jsapi is published nowhere: add an entry with of: jsapi to publish',
      'config.json:1 credentials[0].ahead: belongs to access-token: stable-token has rotationWindow',
      'configuration reload failed: the previous configuration stays in force',
    ]);
    expect(refused.map(({ meaning }) => meaning)).toEqual([
      'config.json:1 credentials[0].tickets[0]: jsapi 没有发布到任何地方：在 publish 里加一项 of: jsapi',
      'config.json:1 credentials[0].ahead: 只用于 access-token：stable-token 用 rotationWindow',
      '重新加载配置失败：之前的配置继续有效',
    ]);
  });
});
