import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openSandbox, TEST_ACCOUNT, type TestSandbox } from '../support/sandbox.ts';
import { eventually } from '../support/wait.ts';

let folder: string;
let program: string;
let occupied: TestSandbox;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wx-'));
  program = join(folder, 'sandbox.mjs');
  occupied = await openSandbox();
  const command = fileURLToPath(new URL('../../src/commands/sandbox.ts', import.meta.url));
  await build({
    stdin: {
      contents: `import { run } from ${JSON.stringify(command)};
        process.exitCode = await run(process.argv.slice(2));`,
      resolveDir: folder,
    },
    ...{ bundle: true, platform: 'node', format: 'esm', outfile: program, logLevel: 'error' },
  });
});

afterAll(async () => {
  await occupied.close();
  await rm(folder, { recursive: true });
});

function start(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}

async function toItsEnd(...args: string[]) {
  const child = start(...args);
  const ended = once(child, 'exit');
  const output = await Promise.all(
    [child.stdout, child.stderr].map((stream) => (stream ? text(stream) : '')),
  );
  const [code] = await ended;
  return { code, stdout: output[0] ?? '', stderr: output[1] ?? '' };
}

/** The variables of this program that a shell hands on after it has read these lines. */
async function exportedBy(lines: string): Promise<Readonly<Record<string, string>>> {
  const shell = spawn('sh', ['-c', `${lines}\nenv`], { stdio: ['ignore', 'pipe', 'inherit'] });
  const told = (await text(shell.stdout)).split('\n').filter((line) => line.startsWith('WXTOKEN_'));
  return Object.fromEntries(told.map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1)]));
}

/** Starts a sandbox and waits until it has introduced itself. */
async function introduced(...args: string[]) {
  const child = start(...args);
  let output = '';
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  await eventually(() => /WXTOKEN_SECRET=.*\n/.test(output));
  return { child, output: () => output };
}

describe('command `sandbox`', () => {
  it('a shell that is given the lines of the sandbox command passes the account on to what it starts', async () => {
    const { output } = await introduced('--listen', '127.0.0.1:0');
    const environment = await exportedBy(output());
    expect(environment).toMatchObject({
      WXTOKEN_APPID: TEST_ACCOUNT.appId,
      WXTOKEN_SECRET: TEST_ACCOUNT.secret,
    });
    const query = new URLSearchParams({
      grant_type: 'client_credential',
      appid: environment['WXTOKEN_APPID'] ?? '',
      secret: environment['WXTOKEN_SECRET'] ?? '',
    });
    const response = await fetch(`${environment['WXTOKEN_API_BASE_URL']}/cgi-bin/token?${query}`);
    expect(await response.json()).toMatchObject({ expires_in: 7200 });
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('the sandbox command exits 0 on %s', async (signal) => {
    const { child } = await introduced('--listen', '127.0.0.1:0');
    const ended = once(child, 'exit');
    child.kill(signal);
    expect(await ended).toEqual([0, null]);
  });

  it('the sandbox command exits 0 on SIGTERM while answers are still pending', async () => {
    const { child, output } = await introduced('--listen', '127.0.0.1:0', '--latency', '1ms');
    const url = /WXTOKEN_API_BASE_URL=(\S+)/.exec(output())?.[1];
    const faults = [
      { kind: 'endless', path: '/endless' },
      { kind: 'latency', ms: 3_600_000, path: '/late' },
    ];
    await fetch(`${url}/sandbox/faults`, { method: 'PUT', body: JSON.stringify({ faults }) });
    const endless = await fetch(`${url}/endless`);
    const late = expect(fetch(`${url}/late`)).rejects.toThrow();
    const cut = expect(endless.text()).rejects.toThrow();
    await eventually(async () => (await (await fetch(`${url}/sandbox/journal`)).text()).includes('/late'));
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    await Promise.all([late, cut]);
  });

  it('the sandbox command serves the components of its options, and refuses one that is given twice', async () => {
    const component = ['--component', 'wx0000000000000001:one'];
    const { output } = await introduced('--listen=127.0.0.1:0', ...component);
    const [, url] = /WXTOKEN_API_BASE_URL=(\S+)/.exec(output()) ?? [];
    const shown = await fetch(`${url}/sandbox/components/wx0000000000000001`);
    expect(shown.status).toBe(200);
    const { code, stderr } = await toItsEnd('--listen=127.0.0.1:0', ...component, ...component);
    expect([code, stderr]).toEqual([78, expect.stringContaining('wx0000000000000001 is given twice')]);
  });

  it('the sandbox command serves the accounts and rules of its options', async () => {
    const accounts = ['--account', 'wx1:one', '--account=ww1:two', '--account', 'ww1:three'];
    const rules = [
      '--token-ttl',
      '1m',
      '--overlap',
      '250ms',
      '--rotation-window',
      '10s',
      '--daily-quota',
      '0',
    ];
    const { output } = await introduced('--listen=127.0.0.1:0', ...accounts, ...rules, '--latency', '1ms');
    await eventually(() => /ww1[\s\S]*three/.test(output()));
    expect(output()).toMatch(/\nexport WXTOKEN_APPID=wx1\nexport WXTOKEN_SECRET=one\n/);
    expect(output()).toMatch(
      /\n# export WXTOKEN_APPID=ww1\n# export WXTOKEN_SECRET=two\n# export WXTOKEN_TYPE=wecom\n/,
    );
    const url = /WXTOKEN_API_BASE_URL=(\S+)/.exec(output())?.[1];
    const ask = async (path: string) => JSON.parse(await (await fetch(url + path)).text());
    expect(await ask('/cgi-bin/gettoken?corpid=ww1&corpsecret=three')).toMatchObject({
      errcode: 0,
      expires_in: 60,
    });
    const refused = await ask('/cgi-bin/token?grant_type=client_credential&appid=wx1&secret=one');
    expect(refused).toMatchObject({ errcode: 45009 });
  });

  it.each([['--help'], ['-h'], ['--listen', 'nowhere', '--help']])(
    'the sandbox command prints help and exits 0 for arguments that start with %j',
    async (...args) => {
      const { code, stdout } = await toItsEnd(...args);
      expect(code).toBe(0);
      for (const option of [
        'listen',
        'account',
        'token-ttl',
        'overlap',
        'rotation-window',
        'daily-quota',
        'latency',
      ]) {
        expect(stdout).toContain(`--${option} `);
      }
    },
  );

  it('a listen address that others could reach is refused with exit code 78', async () => {
    const { code, stderr } = await toItsEnd('--listen', '0.0.0.0:8866');
    expect(code).toBe(78);
    expect(stderr).toBe(
      'wx-token-sidecar: --listen: the sandbox listens on loopback only: 0.0.0.0 is not 127.0.0.1, ::1 or localhost\n',
    );
  });

  it('control characters of an unknown option are escaped in the error message', async () => {
    const { code, stderr } = await toItsEnd('--a\u001b[2J\n\u202eb');
    expect(code).toBe(78);
    expect(stderr).toBe('wx-token-sidecar: --a\\u001b[2J\\n\\u202eb: no such option\n');
  });

  it('a listen address in use is reported in one line with exit code 1', async () => {
    const { host } = new URL(occupied.url);
    const { code, stderr } = await toItsEnd('--listen', host);
    expect(code).toBe(1);
    expect(stderr).toBe(`wx-token-sidecar: ${host} is in use by another program\n`);
  });

  it('all invalid options are reported at once, one line each, without secrets', async () => {
    const { code, stderr, stdout } = await toItsEnd(
      ...['--listen', '8866', '--account', 'hunter2', '--account', 'wx1:a', '--account', 'wx1:b', 'hunter2'],
      ...['--token-ttl', '7200', '--overlap', '-1s', '--rotation-window=3h', '--daily-quota', 'many'],
      ...['--speed', 'high', '--latency'],
    );
    expect(code).toBe(78);
    expect(stdout).toBe('');
    expect(stderr).not.toContain('hunter2');
    const lines = stderr
      .trimEnd()
      .split('\n')
      .map((line) => /^wx-token-sidecar: (\S+?):? /.exec(line)?.[1]);
    expect(lines.sort()).toEqual([
      '--account',
      '--account',
      '--daily-quota',
      '--latency',
      '--listen',
      '--overlap',
      '--rotation-window',
      '--speed',
      '--token-ttl',
      'argument',
    ]);
  });
});
