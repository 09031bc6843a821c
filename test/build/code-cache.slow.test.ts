import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmod,
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
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
/** The part that a daemon starts with. */
const MAIN = 'parts/main.js';
/** The length of the comment with a SHA-256 that a part begins with. */
const STAMP = 68;
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
  const root = await folder([...PROGRAM, 'start.cjs'], join(made, 'dist'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const dist = join(root, 'dist');
  await cp(join(made, 'dist', 'parts'), join(dist, 'parts'), { recursive: true });
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
  return /^cache (accepted|rejected): main\.js$/m.exec(stderr)?.[1];
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

  it('a limit of the heap costs the cache before Node 24, as findings/node-heap-size-rejects-a-code-cache.sh tells', async () => {
    const [line = ''] = process.versions.node.split('.');
    const said = Number(line) < 24 ? 'rejected' : 'accepted';
    expect(await cacheOf((await copy()).start, '--max-old-space-size=128')).toBe(said);
  });

  it('the program starts without its cache', async () => {
    const { start, dist } = await copy();
    await rm(join(dist, `${MAIN}.cache`));
    expect(await cacheOf(start)).toBeUndefined();
  });

  it('the program starts when its cache is cut short', async () => {
    const { start, dist } = await copy();
    const cache = await readFile(join(dist, `${MAIN}.cache`));
    await writeFile(join(dist, `${MAIN}.cache`), cache.subarray(0, cache.length / 2));
    expect(await cacheOf(start)).toBe('rejected');
  });

  it('the cache is not used for the part of another build, even for one of the same length', async () => {
    const { start, dist } = await copy();
    const text = (await readFile(join(dist, MAIN), 'latin1')).slice(STAMP);
    const other = text.replace('wx-token-sidecar keeps', 'wx-token-sidecar Keeps');
    const hash = createHash('sha256').update(other).digest('hex');
    await writeFile(join(dist, MAIN), `/*${hash}*/${other}`);
    expect(await cacheOf(start)).toBeUndefined();
    const { stdout } = await run(process.execPath, [start, '--help']);
    expect(stdout).toMatch(/^wx-token-sidecar Keeps /);
  });

  it('a user who may only read the program fetches a token with the cache', async () => {
    const { root, dist, start } = await copy();
    const folders = [join(dist, 'parts'), dist, root];
    for (const path of folders)
      for (const file of await readdir(path, { withFileTypes: true }))
        if (file.isFile()) await chmod(join(path, file.name), 0o444);
    for (const path of folders) await chmod(path, 0o555);
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
    for (const path of folders) await chmod(path, 0o755);
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
  for (const part of ['main', 'yaml-\\w+', 'health-server-\\w+'])
    expect(daemon.stderr()).toMatch(new RegExp(`^cache accepted: ${part}\\.js$`, 'm'));
});

describe('parts', () => {
  it('all of the program is in them: each command tells its help', async () => {
    const { start } = await copy();
    const { stdout } = await run(process.execPath, [start, '--help']);
    const commands = [...stdout.matchAll(/^ {2}([a-z]+) {2,}/gm)].map(([, command]) => command ?? '');
    expect(commands).toContain('sandbox');
    for (const command of commands) {
      const told = await run(process.execPath, [start, command, '--help']);
      expect(told.stdout, command).toMatch(/^Usage: |wx-token-sidecar/);
    }
  });

  it('a part that could not be read when it was needed is read when it is needed again', async () => {
    const { start, dist, root } = await copy();
    const sandbox = await openSandbox();
    onTestFinished(sandbox.close);
    const errcodes = await partWith(dist, '40164');
    await rename(errcodes, `${errcodes}.gone`);
    const env = {
      WXTOKEN_APPID: TEST_ACCOUNT.appId,
      WXTOKEN_SECRET: 'f'.repeat(32),
      WXTOKEN_FILE: join(root, 'volume', 'token'),
      WXTOKEN_API_BASE_URL: sandbox.url,
    };
    const daemon = startProcess(process.execPath, [start, 'run'], { env }, onTestFinished);
    await daemon.logged(/ENOENT/);
    await rename(`${errcodes}.gone`, errcodes);
    await daemon.logged(/40125|40001/);
  });

  it('what error codes mean is read half a second after the start, and so before it is needed', async () => {
    const { start, dist, root } = await copy();
    const sandbox = await openSandbox();
    onTestFinished(sandbox.close);
    const secret = join(root, 'secret');
    await writeFile(secret, TEST_ACCOUNT.secret, { mode: 0o600 });
    const env = {
      WXTOKEN_APPID: TEST_ACCOUNT.appId,
      WXTOKEN_SECRET_FILE: secret,
      WXTOKEN_FILE: join(root, 'volume', 'token'),
      WXTOKEN_API_BASE_URL: sandbox.url,
      NODE_OPTIONS: TELL_CACHE,
    };
    const daemon = startProcess(process.execPath, [start, 'run'], { env }, onTestFinished);
    await daemon.logged(/^published$/);
    const part = basename(await partWith(dist, '40164'));
    await eventually(async () => daemon.stderr().includes(part), { for: 'the part to be read' });
    await rm(join(dist, 'parts'), { recursive: true });
    await writeFile(secret, 'f'.repeat(32));
    daemon.signal('SIGHUP');
    await daemon.logged(/40125|40001/);
  });

  /** The part of the other than the first that has these words. */
  async function partWith(dist: string, words: string): Promise<string> {
    for (const name of await readdir(join(dist, 'parts'))) {
      const path = join(dist, 'parts', name);
      if (name.endsWith('.js') && name !== 'main.js' && (await readFile(path, 'latin1')).includes(words))
        return path;
    }
    throw new Error(`no part has ${words}`);
  }
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

  it('a stack trace names the functions and the bundle or its part, with the cache as without', async () => {
    const { start, dist } = await copy();
    for (const program of [start, join(dist, 'wx-token-sidecar.js')]) {
      const trace = await traceOf(program);
      expect(trace).toMatch(/unexpected: Error: broken for a test/);
      expect(trace).toMatch(/at configLoader \(.*\/dist\/(wx-token-sidecar|parts\/main)\.js:\d+:\d+\)/);
    }
  });

  it('with --enable-source-maps a stack trace names the sources, with the cache as without', async () => {
    const { start, dist } = await copy();
    for (const program of [start, join(dist, 'wx-token-sidecar.js')]) {
      expect(await traceOf(program, '--enable-source-maps')).toMatch(/src\/commands\/session\.ts:\d+:\d+/);
    }
  });
});
