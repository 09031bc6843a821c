import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { eventually } from '../support/wait.ts';

type OnFinished = TestContext['onTestFinished'];

let bundle: string;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  bundle = join(folder, 'demo.js');
  await build({
    entryPoints: [fileURLToPath(new URL('./main.ts', import.meta.url))],
    ...{ bundle: true, platform: 'node', format: 'esm', packages: 'external', logLevel: 'error' },
    outfile: bundle,
  });
  return () => rm(folder, { recursive: true });
});

/** In a project folder of its own, since the demo wipes the `run` folder beside its bundle. */
async function startDemo(
  onTestFinished: OnFinished,
  environment: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
) {
  const project = await mkdtemp(join(tmpdir(), 'wx-'));
  onTestFinished(() => rm(project, { recursive: true }));
  await mkdir(join(project, 'dist'));
  await writeFile(join(project, 'package.json'), '{ "type": "module" }');
  await copyFile(bundle, join(project, 'dist/demo.js'));
  const program = fileURLToPath(new URL('../../dist/wx-token-sidecar.js', import.meta.url));
  await copyFile(program, join(project, 'dist/wx-token-sidecar.js'));

  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, ['dist/demo.js', ...args], {
    cwd: project,
    env: { PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  const closed = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await closed;
  });
  return {
    child,
    project,
    output: () => output,
    /** Resolves with the first group once it has been shown. */
    async shown(what: RegExp): Promise<string> {
      await eventually(() => what.test(output) || isOver(child), { for: String(what) });
      expect(output).toMatch(what);
      return what.exec(output)?.[1] ?? '';
    },
    async exitCode(): Promise<unknown> {
      const [code] = await closed;
      return code;
    },
  };
}

function isOver({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe.concurrent('demo program', () => {
  it('the demo shows rotations without a refused call and leaves nothing behind on Ctrl-C', async ({
    onTestFinished,
  }) => {
    const demo = await startDemo(onTestFinished);
    const daemon = Number(await demo.shown(/kill -HUP (\d+)/));
    const sandbox = await demo.shown(/(http:\/\/127\.0\.0\.1:\d+)/);
    await demo.shown(/ #1 {2}[0-9a-f]{4} {2}first\n/);
    process.kill(daemon, 'SIGHUP');
    await demo.shown(/ #2 {2}[0-9a-f]{4} {2}HUP, the one before ends at once\n/);
    await demo.shown(/ #3 {2}[0-9a-f]{4} {2}due, the one before works on for \d s\n/);
    const token = await readFile(join(demo.project, 'run/wx/shop/token'), 'utf8');

    demo.child.kill('SIGINT');
    expect(await demo.exitCode()).toBe(0);
    expect(demo.output()).toMatch(
      /rotations 2, platform calls 3\nreader: calls \d+, refused 0, .* bad reads 0\n$/,
    );
    expect(demo.output()).not.toContain(token);
    expect(isAlive(daemon)).toBe(false);
    await expect(fetch(sandbox)).rejects.toThrow();
  });

  it('the demo shows a page of several accounts with one in trouble, and how to mend it', async ({
    onTestFinished,
  }) => {
    const demo = await startDemo(onTestFinished);
    const address = await demo.shown(/ page {5}(http:\/\/127\.0\.0\.1:\d+\/): open it/);
    const page = async () => (await fetch(address, { headers: { accept: 'text/html' } })).text();
    await eventually(async () => (await page()).includes('<h1>1 of 5 dead or missing</h1>'));
    expect(await page()).toMatch(/<h2>campaign <span class="title"><bdi>某某活动 订阅号<[\s\S]*<bdi>40164 /);
    expect((await page()).match(/<summary>/g)).toHaveLength(4);

    const [, url = '', body] = /curl -X PATCH (http:\S+) -d '([^']+)'/.exec(demo.output()) ?? [];
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await fetch(url, { method: 'PATCH', headers, body: body ?? '' })).ok).toBe(true);
    const [, retry = ''] =
      / {2}node (dist\/wx-token-sidecar\.js refresh campaign .+)\n/.exec(demo.output()) ?? [];
    await promisify(execFile)(process.execPath, retry.split(' '), { cwd: demo.project });
    await eventually(async () => (await page()).includes('<h1>All 5 are fresh</h1>'));
  });

  it('the demo of a component shows pushes and authorisations, and its reader goes on', async ({
    onTestFinished,
  }) => {
    const demo = await startDemo(onTestFinished, {}, ['--component']);
    await demo.shown(/ push: component_verify_ticket: ticket\n/);
    await demo.shown(/ platform: fetched a new token/);
    await demo.shown(/ push: authorized: event\n[\s\S]* shop: fetched a new token/);
    await demo.shown(
      /authorises the platform again[\s\S]* push: updateauthorized: event\n[\s\S]* shop: fetched a new token/,
    );
    demo.child.kill('SIGINT');
    expect(await demo.exitCode()).toBe(0);
    expect(demo.output()).toMatch(/of the shop [2-9]\nreader: calls \d+, refused 0, .* bad reads 0\n$/);
  });

  it('the demo ends after DEMO_SECONDS and writes plain lines without a terminal', async ({
    onTestFinished,
  }) => {
    const demo = await startDemo(onTestFinished, { DEMO_SECONDS: '5', FORCE_COLOR: '1' });
    expect(await demo.exitCode()).toBe(0);
    expect(demo.output()).toMatch(/refused 0/);
    expect(demo.output()).not.toMatch(/[\u001b\r]/);
  });

  it('the demo names a program that died, ends the other and exits with 1', async ({ onTestFinished }) => {
    const demo = await startDemo(onTestFinished);
    const daemon = Number(await demo.shown(/kill -HUP (\d+)/));
    const sandbox = await demo.shown(/(http:\/\/127\.0\.0\.1:\d+)/);
    await demo.shown(/ #1 /);
    process.kill(daemon, 'SIGKILL');
    expect(await demo.exitCode()).toBe(1);
    expect(demo.output()).toMatch(/the daemon ended unexpectedly \(SIGKILL\)[\s\S]*"message":"published"/);
    await expect(fetch(sandbox)).rejects.toThrow();
  });
});
