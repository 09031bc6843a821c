import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { stringify } from 'yaml';
import { startSlowLoader } from '../redis/loading.ts';
import { startProgram } from '../support/program.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { eventually } from '../support/wait.ts';
import { APP_ID, APP_SECRET, workbench } from './workbench.ts';

interface Bench {
  readonly redis: RedisServer;
  readonly bench: Awaited<ReturnType<typeof workbench>>;
  readonly start: (args?: readonly string[]) => ReturnType<typeof startProgram>;
  readonly end: (args: readonly string[]) => Promise<{ code: number | null; stdout: string; stderr: string }>;
}

/** One daemon of an access-token whose record is in Redis. */
async function benchOnRedis(ctx: TestContext, server?: RedisServer): Promise<Bench> {
  const redis = server ?? (await startRedis(ctx));
  const bench = await workbench(ctx.onTestFinished);
  const config = join(bench.folder, 'config.yaml');
  const credential = {
    ...{ name: 'shop', type: 'access-token', appId: APP_ID },
    secretFile: join(bench.folder, 'secrets', 'app.secret'),
    publish: [{ type: 'file', path: bench.file }],
  };
  const document = {
    schedule: '* * * * * *',
    platform: { baseUrl: bench.sandbox.url },
    redis: [{ name: 'cache', url: `redis://127.0.0.1:${redis.port}` }],
    state: { redis: { connection: 'cache' } },
    credentials: [credential],
  };
  await writeFile(config, stringify(document));
  const start = (args: readonly string[] = []) =>
    startProgram(args, { env: { WXTOKEN_CONFIG: config } }, ctx.onTestFinished);
  return {
    ...{ redis, bench, start },
    async end(args) {
      const program = start(args);
      const { code } = await program.exited;
      return { code, stdout: program.stdout(), stderr: program.stderr() };
    },
  };
}

const keyOf = ({ bench }: Bench) =>
  `wx-token-sidecar:{${new URL(bench.sandbox.url).host}/access-token/${APP_ID}}:record`;

describe('a daemon whose record is in Redis', () => {
  it('`once` keeps the token in Redis and not in the state folder, and costs no call the next time', async (ctx) => {
    const one = await benchOnRedis(ctx);
    const { redis, bench, end } = one;
    expect(await end(['once'])).toMatchObject({ code: 0 });
    expect(await redis.cli('KEYS', '*')).toBe(keyOf(one));
    expect(await redis.cli('GET', keyOf(one))).toContain(await bench.token());
    const files = await readdir(join(bench.folder, 'volume', '.wx-token-sidecar'));
    expect(files.filter((name) => name.endsWith('.json'))).toEqual([]);
    expect(await end(['once'])).toMatchObject({ code: 0 });
    expect(await bench.fetches()).toHaveLength(1);
  });

  it('`check` says where the state is, and `check --online` what it finds there and tries the stored token', async (ctx) => {
    const one = await benchOnRedis(ctx);
    const before = await one.end(['check', '--online']);
    expect(before).toMatchObject({ code: 0 });
    expect(before.stdout).toMatch(
      /^ {2}state {8}in Redis, by the connection cache, in keys that begin with wx-token-sidecar:$/m,
    );
    expect(before.stdout).toMatch(/^ {2}shop {9}no record yet$/m);
    expect(before.stdout).toMatch(/; shared state: 1 good$/m);
    expect(await one.redis.cli('KEYS', '*')).toBe('');

    await one.end(['once']);
    const after = await one.end(['check', '--online']);
    expect(after.stdout).toMatch(/^ {2}shop {9}a token with (2 h 0 min|1 h 59 min) of life left$/m);
    expect(after.stdout).toMatch(/^ {2}answer {7}the stored token works/m);
    expect(after.stdout).not.toContain(await one.bench.token());
    expect(await one.bench.fetches()).toHaveLength(1);
  });

  it('`check --online` of a Redis that is away is a passing fault, and of one that refuses the user none', async (ctx) => {
    const { redis, end } = await benchOnRedis(ctx);
    await redis.cli('ACL', 'SETUSER', 'default', '-eval');
    const refused = await end(['check', '--online']);
    expect(refused).toMatchObject({ code: 77 });
    expect(refused.stdout).toMatch(/^ {2}to do {8}give the user \+eval/m);
    await redis.kill();
    const away = await end(['check', '--online']);
    expect(away).toMatchObject({ code: 75 });
    expect(away.stdout).toMatch(/; shared state: 1 with a passing fault$/m);
  });

  it('an access-token waits for a Redis that is full, which is not said to be well because it is read', async (ctx) => {
    const one = await benchOnRedis(ctx);
    const { redis, bench, start } = one;
    await redis.cli('config', 'set', 'maxmemory', '1');
    const daemon = start();
    await daemon.logged(({ code }) => code === 'redis-full');
    const reads = async () =>
      Number(/cmdstat_get:calls=(\d+)/.exec(await redis.cli('info', 'commandstats'))?.[1]);
    const before = await reads();
    daemon.signal('SIGHUP');
    await eventually(async () => (await reads()) > before);
    expect(daemon.stderr()).not.toMatch(/again"/);
    expect(await bench.fetches()).toEqual([]);
    await redis.cli('config', 'set', 'maxmemory', '0');
    await daemon.logged(/^the Redis connection cache .* takes writes again$/);
    await bench.newToken();
    expect(await bench.fetches()).toHaveLength(1);
    expect(daemon.log().filter(({ message }) => /again$/.test(message))).toHaveLength(1);
  });

  it('an access-token waits for a Redis that still loads its data, and goes on by itself when it has', async (ctx) => {
    const server = await startSlowLoader(ctx);
    const { bench, start } = await benchOnRedis(ctx, server);
    await server.load();
    const daemon = start();
    const line = await daemon.logged(({ code }) => code === 'redis-loading');
    expect(line.message).toMatch(
      /^the Redis connection cache .* leads to a server that is still loading its data$/,
    );
    expect(line['advice']).toMatch(/^it passes by itself/);
    expect(await bench.fetches()).toEqual([]);
    await server.loaded();
    await bench.newToken();
    await daemon.logged(/can be reached again$/);
    expect(await bench.fetches()).toHaveLength(1);
  });

  it('an access-token waits for a Redis that is away, and the log says so; nothing that it logs is secret', async (ctx) => {
    const { redis, bench, start } = await benchOnRedis(ctx);
    await redis.kill();
    const daemon = start();
    await daemon.logged(/^the Redis connection cache .* nobody answers there$/);
    expect(await bench.fetches()).toEqual([]);
    await redis.restart();
    const token = await bench.newToken();
    await daemon.logged(/can be reached again$/);
    expect(await bench.fetches()).toHaveLength(1);
    for (const secret of [APP_SECRET, token]) expect(daemon.stderr()).not.toContain(secret);
  });
});
