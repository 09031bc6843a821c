import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, type TestContext } from 'vitest';
import { type LayoutOptions, layoutKeys, type SdkLayout } from '../../src/codec/sdk-layout.ts';
import { type LayoutName, sdkLayouts } from '../../src/codec/sdk-layouts.ts';
import type { JournalEntry } from '../../src/sandbox/index.ts';
import { type Program, startProcess, startProgram } from '../support/program.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { withSandbox } from '../support/sandbox.ts';
import { needsPhpWith } from '../support/tools.ts';
import { eventually } from '../support/wait.ts';
import { temporaryFolder } from '../system/folder.ts';

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

const NAMES = Object.keys(LAYOUTS);

it('caches of SDKs hand out what the daemon writes over ten rotations, and no reader fetches', async (context) => {
  const libraries = [
    'Illuminate/Cache',
    'Illuminate/Redis',
    'Psr/SimpleCache',
    'Symfony/Component/Cache',
  ] as const;
  await needsPhpWith(context.skip, [
    'php with redis',
    ...libraries.map((name) => `php with ${name}` as const),
  ]);
  const redis = await startRedis(context);
  // A stable token is replaced after about 3.5 s and works until the next one is.
  const sandbox = await withSandbox({
    accounts: [{ appId: OWNER.id, secret: SECRET }],
    ...{ tokenTtl: 8, rotationWindow: 5 },
  });
  const daemon = await publishInto(context, redis, sandbox.url);
  const keys = Object.entries(LAYOUTS).map(([name, options]) => {
    const layout: SdkLayout = sdkLayouts[name as LayoutName];
    return [name, layoutKeys(layout, OWNER, options).at(-1)?.key] as const;
  });
  await eventually(
    async () => Number(await redis.cli('EXISTS', ...keys.map(([, key = '']) => key))) === keys.length,
    {
      for: 'the first token under every key',
    },
  );

  const args = [READERS, redis.socket, sandbox.url, PLACEHOLDER, ...keys.map((one) => one.join('='))];
  const options = ['-d', 'display_errors=stderr', '-d', 'error_reporting=E_ALL & ~E_DEPRECATED'];
  const readers = startProcess('php', [...options, ...args], {}, context.onTestFinished);
  const calls = async () => (await sandbox.journal()).filter(isOfReader);
  await eventually(async () => tokensOf(await calls()).size > ROTATIONS, { for: `${ROTATIONS} rotations` });
  const since = readers.stdout().length;
  await eventually(
    () =>
      readers
        .stdout()
        .slice(since)
        .includes(`${NAMES.at(-1)} 0\n`),
    { for: 'one more round' },
  );
  expect(readers.stderr()).toBe('');
  const said = readers.stdout().slice(0, readers.stdout().lastIndexOf('\n') + 1);
  expect(new Set(said.trim().split('\n'))).toEqual(new Set(NAMES.map((name) => `${name} 0`)));
  expect(new Set((await calls()).map(({ path }) => path))).toEqual(new Set(['/cgi-bin/getcallbackip']));

  // What they would have done: each looks under its key, and nowhere else.
  daemon.signal('SIGKILL');
  await daemon.exited;
  await redis.cli('FLUSHALL');
  await eventually(() => NAMES.every((name) => readers.stdout().includes(`${name} fetched\n`)), {
    for: 'a fetch of each reader whose key is gone',
  });
});

/** Starts the built program. */
async function publishInto(
  { onTestFinished }: TestContext,
  redis: RedisServer,
  baseUrl: string,
): Promise<Program> {
  const folder = await temporaryFolder();
  const [secretFile, config] = [join(folder, 'secret'), join(folder, 'config.json')];
  await writeFile(secretFile, SECRET, { mode: 0o600 });
  const credential = {
    ...{ name: 'shop', type: 'stable-token', appId: OWNER.id, rotationWindow: '5s', secretFile },
    platform: { baseUrl },
    publish: Object.entries(LAYOUTS).map(([layout, options]) => ({
      ...{ type: 'redis', connection: 'cache', layout, ...options },
    })),
  };
  const settings = {
    ...{ schedule: '* * * * * *', stateDir: join(folder, 'state') },
    redis: [{ name: 'cache', url: `unix:${redis.socket}` }],
    credentials: [credential],
  };
  await writeFile(config, JSON.stringify(settings));
  return startProgram([], { env: { WXTOKEN_CONFIG: config } }, onTestFinished);
}

const isOfReader = ({ userAgent }: JournalEntry) => !userAgent?.startsWith('wx-token-sidecar/');

const tokensOf = (calls: readonly JournalEntry[]) => new Set(calls.map(({ tokenSha256 }) => tokenSha256));
