import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { contentOf } from '../support/files.ts';
import { startProcess } from '../support/program.ts';
import { openSandbox, TEST_ACCOUNT } from '../support/sandbox.ts';
import { eventually } from '../support/wait.ts';
import { isRoot } from '../system/folder.ts';

const run = promisify(execFile);

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAM = ['wx-token-sidecar.js', 'wx-token-sidecar.js.map'];
const STARTED = ['start.cjs', 'wx-token-sidecar.cache'];
const NOBODY = 65_534;

/** Where the program and its cache were made once, as for an image. */
let made = '';

async function folder(files: readonly string[], from: string): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'wx-'));
  await mkdir(join(root, 'dist'));
  await copyFile(join(ROOT, 'package.json'), join(root, 'package.json'));
  for (const file of files) await copyFile(join(from, file), join(root, 'dist', file));
  return root;
}

beforeAll(async () => {
  made = await folder(PROGRAM, join(ROOT, 'dist'));
  // What the shell of a build sets for Node is not for the cache.
  const env = { PATH: process.env['PATH'] ?? '', NODE_OPTIONS: '--stack-trace-limit=20' };
  await run(process.execPath, [join(ROOT, 'build/code-cache.mjs'), join(made, 'dist')], { env });
});

afterAll(() => rm(made, { recursive: true, force: true }));

/** A copy of it, for a test to change. */
async function copy(): Promise<{ root: string; dist: string; start: string }> {
  const root = await folder([...PROGRAM, ...STARTED], join(made, 'dist'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const dist = join(root, 'dist');
  return { root, dist, start: join(dist, 'start.cjs') };
}

const TELL_CACHE = `--import=${new URL('../support/tell-cache.mjs', import.meta.url).href}`;
const BREAK_ARGUMENTS = `--import=${new URL('../support/break-arguments.mjs', import.meta.url).href}`;

/** Starts it, and tells what V8 said of the cache: nothing where the cache was not offered to it. */
async function cacheOf(start: string, options = '') {
  const env = { PATH: process.env['PATH'] ?? '', NODE_OPTIONS: `${TELL_CACHE} ${options}` };
  const { stdout, stderr } = await run(process.execPath, [start, '--version'], { env });
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  expect(stdout).toBe(`wx-token-sidecar ${version}\n`);
  return /^cache (accepted|rejected)$/m.exec(stderr)?.[1];
}

describe('code cache', () => {
  it('V8 accepts the cache in the very place in which it was made, and in another', async () => {
    expect(await cacheOf(join(made, 'dist', 'start.cjs'))).toBe('accepted');
    expect(await cacheOf((await copy()).start)).toBe('accepted');
  });

  it('V8 accepts the cache through a link to the start', async () => {
    const { root, start } = await copy();
    await symlink(start, join(root, 'wx-token-sidecar'));
    expect(await cacheOf(join(root, 'wx-token-sidecar'))).toBe('accepted');
  });

  it('the program starts with other flags of V8, for which the cache is not valid', async () => {
    expect(await cacheOf((await copy()).start, '--stack-trace-limit=20')).toBe('rejected');
  });

  it('the program starts without its cache', async () => {
    const { start, dist } = await copy();
    await rm(join(dist, 'wx-token-sidecar.cache'));
    expect(await cacheOf(start)).toBeUndefined();
  });

  it('the program starts when its cache is cut short', async () => {
    const { start, dist } = await copy();
    const cache = await readFile(join(dist, 'wx-token-sidecar.cache'));
    await writeFile(join(dist, 'wx-token-sidecar.cache'), cache.subarray(0, cache.length / 2));
    expect(await cacheOf(start)).toBe('rejected');
  });

  it('the cache is not used for another bundle, even for one of the same length', async () => {
    const { start, dist } = await copy();
    const bundle = join(dist, 'wx-token-sidecar.js');
    const text = await readFile(bundle, 'utf8');
    await writeFile(bundle, text.replace('wx-token-sidecar keeps', 'wx-token-sidecar Keeps'));
    expect(await cacheOf(start)).toBeUndefined();
    const { stdout } = await run(process.execPath, [start, '--help']);
    expect(stdout).toMatch(/^wx-token-sidecar Keeps /);
  });

  it('a user who may only read the program fetches a token with the cache', async () => {
    const { root, dist, start } = await copy();
    for (const file of [...PROGRAM, ...STARTED]) await chmod(join(dist, file), 0o444);
    for (const path of [dist, root]) await chmod(path, 0o555);
    const sandbox = await openSandbox();
    onTestFinished(sandbox.close);
    const volume = await mkdtemp(join(tmpdir(), 'wx-'));
    onTestFinished(() => rm(volume, { recursive: true, force: true }));
    await chmod(volume, 0o777);
    const file = join(volume, 'token');
    const env = {
      WXTOKEN_APPID: TEST_ACCOUNT.appId,
      WXTOKEN_SECRET: TEST_ACCOUNT.secret,
      WXTOKEN_FILE: file,
      WXTOKEN_API_BASE_URL: sandbox.url,
      NODE_OPTIONS: TELL_CACHE,
    };
    const options = { env, ...(isRoot && { uid: NOBODY }) };
    const once = startProcess(process.execPath, [start, 'once'], options, onTestFinished);
    expect(await once.exited, once.stderr()).toEqual({ code: 0, signal: null });
    expect(once.stderr()).toContain('cache accepted');
    expect(await contentOf(file)).toMatch(/^.{16,}$/);
    for (const path of [dist, root]) await chmod(path, 0o755);
  });
});

it('what the program loads only when it needs it comes with the cache, too: hooks and a file of YAML', async () => {
  const { root, start } = await copy();
  const sandbox = await openSandbox();
  onTestFinished(sandbox.close);
  const { appId } = TEST_ACCOUNT;
  const credential = {
    ...{ name: 'shop', appId, secretEnv: 'APP_SECRET' },
    publish: [{ type: 'file', path: join(root, 'volume', 'token') }],
    notify: [{ type: 'exec', command: ['/bin/touch', join(root, 'told')] }],
  };
  const config = join(root, 'config.yaml');
  const document = {
    http: { listen: '127.0.0.1:0' },
    platform: { baseUrl: sandbox.url },
    credentials: [credential],
  };
  await writeFile(config, JSON.stringify(document));
  const env = { APP_SECRET: TEST_ACCOUNT.secret, NODE_OPTIONS: TELL_CACHE };
  const daemon = startProcess(process.execPath, [start, 'run', '--config', config], { env }, onTestFinished);
  await eventually(async () => (await contentOf(join(root, 'told'))) !== undefined, { for: 'the hook' });
  const { message } = await daemon.logged(/^health and metrics on /);
  expect((await fetch(`http://${message.split(' ').at(-1)}/readyz`)).status).toBe(200);
  expect(daemon.stderr()).toContain('cache accepted');
});

describe('stack traces', () => {
  /** What the program prints of a mistake of its own. */
  async function traceOf(start: string, options = ''): Promise<string> {
    const env = {
      PATH: process.env['PATH'] ?? '',
      NODE_OPTIONS: `${BREAK_ARGUMENTS} ${options}`,
    };
    const failed = await run(process.execPath, [start, 'check'], { env }).catch((error) => error);
    return failed.stderr;
  }

  it('a stack trace names the functions and the bundle, with the cache as without', async () => {
    const { start, dist } = await copy();
    for (const program of [start, join(dist, 'wx-token-sidecar.js')]) {
      const trace = await traceOf(program);
      expect(trace).toMatch(/unexpected: Error: broken for a test/);
      expect(trace).toMatch(/at configLoader \(.*\/dist\/wx-token-sidecar\.js:\d+:\d+\)/);
    }
  });

  it('with --enable-source-maps a stack trace names the sources, with the cache as without', async () => {
    const { start, dist } = await copy();
    for (const program of [start, join(dist, 'wx-token-sidecar.js')]) {
      expect(await traceOf(program, '--enable-source-maps')).toMatch(/src\/commands\/session\.ts:\d+:\d+/);
    }
  });
});
