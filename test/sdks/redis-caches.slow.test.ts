import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, type TestContext } from 'vitest';
import { decodeDetails } from '../../src/codec/details.ts';
import {
  encodeLayoutKey,
  type LayoutOptions,
  layoutKeys,
  type SdkLayout,
} from '../../src/codec/sdk-layout.ts';
import { type LayoutName, sdkLayouts } from '../../src/codec/sdk-layouts.ts';
import type { Token } from '../../src/core/credential.ts';
import type { JournalEntry } from '../../src/sandbox/index.ts';
import { contentOf } from '../support/files.ts';
import { startProcess, startProgram } from '../support/program.ts';
import { withSandbox } from '../support/sandbox.ts';
import { needsPhpWith, needsTool } from '../support/tools.ts';
import { eventually } from '../support/wait.ts';
import { temporaryFolder } from '../system/folder.ts';

const execute = promisify(execFile);
const READERS = fileURLToPath(new URL('redis-readers.php', import.meta.url));
const OWNER = { family: 'official', id: 'wx1111111111111111', kind: 'token' } as const;
const SECRET = '0123456789abcdef'.repeat(2);
/** What the apps have in place of the AppSecret. */
const PLACEHOLDER = 'placeholder';
const LARAVEL = 'laravel_database_laravel_cache:';
const ROTATIONS = 10;

/** Every layout whose reader `redis-readers.php` plays, with what the operator would configure. */
const LAYOUTS: Readonly<Partial<Record<LayoutName, LayoutOptions>>> = {
  'wxjava-mp': {},
  'easywechat-6': { keySecret: PLACEHOLDER },
  'easywechat-6-laravel': { keySecret: PLACEHOLDER, prefix: LARAVEL },
  'easywechat-5': { keySecret: PLACEHOLDER },
  'easywechat-5-laravel': { keySecret: PLACEHOLDER, prefix: LARAVEL },
  silenceper: {},
  powerwechat: { keySecret: PLACEHOLDER },
  wechatpy: {},
};

const layouts = Object.entries(LAYOUTS).map(
  ([name, options]) =>
    [name, layoutKeys(sdkLayouts[name as LayoutName] as SdkLayout, OWNER, options)] as const,
);

it('caches of SDKs hand out what stands under their keys over ten rotations, and no reader fetches', async (context) => {
  await needsReaders(context);
  const folder = await temporaryFolder();
  const socket = join(folder, 'redis.sock');
  const cli = await startRedis(context, socket);
  // A stable token is replaced after about 3.5 s and works until the next one is.
  const sandbox = await withSandbox({
    accounts: [{ appId: OWNER.id, secret: SECRET }],
    ...{ tokenTtl: 8, rotationWindow: 5 },
  });
  const file = await publishInto(context, folder, sandbox.url);
  const published = new Set<string>();
  const current = () => readFile(file, 'utf8').then((text) => decodeDetails(text).token);
  async function follow(): Promise<void> {
    const token = await current();
    if (published.has(token.value.reveal())) return;
    await set(cli, token);
    published.add(token.value.reveal());
  }

  await eventually(() => contentOf(file), { for: 'the first token' });
  await follow();
  const keys = layouts.map(([name, entries]) => `${name}=${entries.at(-1)?.key}`);
  const args = [READERS, socket, sandbox.url, PLACEHOLDER, ...keys];
  const options = ['-d', 'display_errors=stderr', '-d', 'error_reporting=E_ALL & ~E_DEPRECATED'];
  const readers = startProcess('php', [...options, ...args], {}, context.onTestFinished);
  await eventually(
    async () => {
      await follow();
      return published.size > ROTATIONS;
    },
    { for: `${ROTATIONS} rotations` },
  );

  const last = `${layouts.at(-1)?.[0]} 0\n`;
  const since = readers.stdout().length;
  await eventually(() => readers.stdout().slice(since).includes(last), { for: 'calls with the last token' });
  expect(readers.stderr()).toBe('');
  const said = readers.stdout().slice(0, readers.stdout().lastIndexOf('\n') + 1);
  expect(new Set(said.trim().split('\n'))).toEqual(new Set(layouts.map(([name]) => `${name} 0`)));
  const calls = (await sandbox.journal()).filter(isOfReader);
  expect(new Set(calls.map(({ path }) => path))).toEqual(new Set(['/cgi-bin/getcallbackip']));
  expect(new Set(calls.map(({ tokenSha256 }) => tokenSha256)).size).toBeGreaterThan(ROTATIONS);

  // What they would have done: the readers do look there, and nowhere else.
  await cli('FLUSHALL');
  const names = layouts.map(([name]) => name);
  await eventually(() => names.every((name) => readers.stdout().includes(`${name} fetched\n`)), {
    for: 'a fetch of each reader whose key is gone',
  });
});

/** Which programs and libraries the readers need. */
async function needsReaders({ skip }: TestContext): Promise<void> {
  await needsTool(skip, 'redis-server');
  const libraries = [
    'Illuminate/Cache',
    'Illuminate/Redis',
    'Psr/SimpleCache',
    'Symfony/Component/Cache',
  ] as const;
  await needsPhpWith(skip, ['php with redis', ...libraries.map((name) => `php with ${name}` as const)]);
}

/** Starts a server that keeps nothing; the result runs `redis-cli` on it. */
async function startRedis({ onTestFinished }: TestContext, socket: string) {
  const settings = ['--port', '0', '--unixsocket', socket, '--save', ''];
  startProcess('redis-server', settings, {}, onTestFinished);
  const cli = async (...args: readonly string[]) =>
    (await execute('redis-cli', ['-s', socket, ...args])).stdout;
  await eventually(() => cli('PING').catch(() => undefined), { for: 'redis-server' });
  return cli;
}

/** Starts the built program; the result is a file of the token and its times. */
async function publishInto(
  { onTestFinished }: TestContext,
  folder: string,
  baseUrl: string,
): Promise<string> {
  const [path, secretFile, config] = ['token.json', 'secret', 'config.json'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  await writeFile(secretFile, SECRET, { mode: 0o600 });
  const credential = {
    ...{ name: 'shop', type: 'stable-token', appId: OWNER.id, rotationWindow: '5s', secretFile },
    platform: { baseUrl },
    publish: [{ type: 'file', path, format: 'json' }],
  };
  await writeFile(config, JSON.stringify({ schedule: '* * * * * *', credentials: [credential] }));
  startProgram([], { env: { WXTOKEN_CONFIG: config } }, onTestFinished);
  return path;
}

/** Writes a token as every layout has it. */
async function set(cli: Awaited<ReturnType<typeof startRedis>>, token: Token): Promise<void> {
  for (const entry of layouts.flatMap(([, entries]) => entries)) {
    const left = String(token.expiresAt - Date.now());
    expect(await cli('SET', entry.key, encodeLayoutKey(entry, token, 'token'), 'PX', left)).toBe('OK\n');
  }
}

const isOfReader = ({ userAgent }: JournalEntry) => !userAgent?.startsWith('wx-token-sidecar/');
