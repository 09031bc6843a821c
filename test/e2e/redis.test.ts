import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { startSlowLoader } from '../redis/loading.ts';
import type { LogLine } from '../support/program.ts';
import { startProgram } from '../support/program.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { runHere } from '../support/run-here.ts';
import { eventually } from '../support/wait.ts';
import { APP_ID, APP_SECRET, workbench } from './workbench.ts';

const KEY = `wx:access_token:${APP_ID}`;

type Keys = Readonly<Record<string, unknown>>;

async function benchOf(
  ctx: TestContext,
  server: RedisServer,
  changes: (secretFile: string) => Keys = () => ({}),
) {
  const bench = await workbench(ctx.onTestFinished);
  const config = join(bench.folder, 'config.json');
  const secretFile = join(bench.folder, 'secrets', 'app.secret');
  const document = {
    stateDir: join(bench.folder, 'state'),
    schedule: '* * * * * *',
    platform: { baseUrl: bench.sandbox.url },
    redis: [{ name: 'cache', url: `redis://127.0.0.1:${server.port}` }],
    credentials: [
      {
        ...{ name: 'shop', appId: APP_ID, secretFile },
        publish: [
          { type: 'redis', connection: 'cache', layout: 'wxjava-mp' },
          { type: 'redis', connection: 'cache', key: 'own:access_token:{appId}' },
        ],
      },
    ],
    ...changes(secretFile),
  };
  await writeFile(config, JSON.stringify(document));
  const run = (env: Readonly<Record<string, string>> = {}) =>
    startProgram(['--config', config], { env }, ctx.onTestFinished);
  const check = (...args: string[]) => runHere('check', ['--config', config, ...args], {});
  const token = async () => (await server.cli('get', KEY)) || undefined;
  return { ...bench, run, check, token };
}

const isOf = (line: LogLine, what: RegExp) => what.test(line.message);

describe('daemon with a target in Redis', () => {
  it('the token stands where an SDK looks, with an end, and a removed or overwritten key is set again', async (ctx) => {
    const server = await startRedis(ctx, { config: ['notify-keyspace-events Kg$xe'] });
    const { run, token, fetches } = await benchOf(ctx, server);
    const program = run({ DEBUG: '*' });
    const first = await eventually(token);
    expect(Number(await server.cli('pttl', KEY))).toBeGreaterThan(7_000_000);
    await server.cli('del', KEY);
    await eventually(async () => (await token()) === first);
    expect(await program.logged((line) => isOf(line, /^somebody removed the token/))).toBeDefined();
    await server.cli('set', KEY, 'a-token-that-an-sdk-fetched', 'EX', '5700');
    expect(await program.logged((line) => isOf(line, /^somebody else wrote another token/))).toBeDefined();
    await eventually(async () => {
      const now = await token();
      return now !== undefined && now !== 'a-token-that-an-sdk-fetched';
    });
    expect(await fetches()).not.toHaveLength(0);
    // DEBUG makes libraries print what they send.
    for (const secret of [APP_SECRET, first])
      expect(program.stderr() + program.stdout()).not.toContain(secret);
  });

  it('a server that is away costs no platform call, and is written when it is back', async (ctx) => {
    const server = await startRedis(ctx);
    await server.kill();
    const { run, token, fetches } = await benchOf(ctx, server);
    const program = run();
    const line = await program.logged((one) => one['code'] === 'redis-unreachable');
    expect(line.message).toContain(`the Redis connection cache (127.0.0.1:${server.port})`);
    await server.restart();
    await eventually(token);
    expect(await fetches()).toHaveLength(1);
  });

  it('a server that still loads its data costs no platform call, and is written when it has', async (ctx) => {
    const server = await startSlowLoader(ctx);
    await server.load();
    const { run, token, fetches } = await benchOf(ctx, server);
    const line = await run().logged((one) => one['code'] === 'redis-loading');
    expect(line.message).toMatch(/ is still loading its data$/);
    await server.loaded();
    await eventually(token);
    expect(await fetches()).toHaveLength(1);
  });

  it('a jsapi_ticket stands where the SDK looks for it, and where its own key says, each with an end', async (ctx) => {
    const server = await startRedis(ctx);
    const publish = [
      { of: 'jsapi', type: 'redis', connection: 'cache', layout: 'wxjava-mp' },
      { of: 'jsapi', type: 'redis', connection: 'cache', key: 'own:{name}:ticket', encoding: 'json-object' },
      { type: 'redis', connection: 'cache', layout: 'wxjava-mp' },
    ];
    const { run, check, token, sandbox } = await benchOf(ctx, server, (secretFile) => ({
      credentials: [{ name: 'shop', appId: APP_ID, secretFile, tickets: ['jsapi'], publish }],
    }));
    const program = run();
    const key = `wx:ticket:key:${APP_ID}:jsapi`;
    const ticket = await eventually(async () => (await server.cli('get', key)) || undefined);
    const journal = await sandbox.journal();
    expect(journal.filter(({ path }) => path === '/cgi-bin/ticket/getticket')).toHaveLength(1);
    expect(JSON.parse(await server.cli('get', 'own:shop:ticket'))).toMatchObject({ ticket });
    for (const one of [key, 'own:shop:ticket']) {
      const life = Number(await server.cli('pttl', one));
      expect(life).toBeGreaterThan(0);
      expect(life).toBeLessThanOrEqual(7_200_000);
    }
    expect(await token()).not.toBe(ticket);
    expect((await check()).stdout).toContain(key);
    expect(program.stderr()).not.toContain(ticket);
  });

  it('check says what an SDK does without its key, and check --online what the server is and what it lacks', async (ctx) => {
    const server = await startRedis(ctx, { config: ['maxmemory 100mb', 'maxmemory-policy allkeys-lru'] });
    const { check } = await benchOf(ctx, server);
    const offline = await check();
    expect(offline.stdout).toContain(`${KEY} of Redis at 127.0.0.1:${server.port}: raw for WxJava`);
    expect(offline.stdout).toContain('an SDK that does not find its key in Redis fetches a token by itself');
    await server.cli('set', `app:access_token:${APP_ID}`, 'a-token-of-the-app-itself');
    await server.cli('set', `own:access_token:${APP_ID}`, 'a-token-of-another-target');
    const { stdout, code } = await check('--online');
    expect(stdout).toMatch(
      /cache \(127\.0\.0\.1:\d+\) answers in \d+ ms: Redis \d+\.\d+\.\d+, as user default/,
    );
    expect(stdout).toContain('its keys can be read and written');
    expect(stdout).toContain('seen within a minute: within a second with notify-keyspace-events Kg$xe');
    await server.cli('config', 'set', 'notify-keyspace-events', 'Kg$x');
    expect((await check('--online')).stdout).toContain('evictions within a minute');
    expect(stdout).toContain('evicts keys when its memory is full (allkeys-lru)');
    expect(stdout).toContain(`has a key of this account elsewhere: app:access_token:${APP_ID}`);
    expect(stdout).not.toContain(`elsewhere: own:access_token:${APP_ID}`);
    expect(code).toBe(0);
    // Nothing was changed.
    expect((await server.cli('keys', '*')).split('\n').sort()).toEqual([
      `app:access_token:${APP_ID}`,
      `own:access_token:${APP_ID}`,
    ]);
  });

  it('check --online finds that two connections lead to one server, where their targets share a key', async (ctx) => {
    const server = await startRedis(ctx);
    const { check } = await benchOf(ctx, server, (secretFile) => ({
      redis: [
        { name: 'cache', url: `redis://127.0.0.1:${server.port}` },
        { name: 'local', url: `unix:${server.socket}` },
        { name: 'beside', url: `unix:${server.socket}`, database: 1 },
      ],
      credentials: ['cache', 'local', 'beside'].map((connection, index) => ({
        ...{ name: `shop-${index}`, appId: `wx000000000000000${index}`, secretFile },
        publish: [{ type: 'redis', connection, key: 'wx:access_token' }],
      })),
    }));
    const { stdout } = await check('--online');
    const told = [
      ...stdout.matchAll(
        /the Redis connection (\w+) .* and the Redis connection (\w+) .* lead to one server/g,
      ),
    ];
    expect(told.map(([, one, two]) => [one, two])).toEqual([
      ['cache', 'local'],
      ['local', 'cache'],
    ]);
    expect(await server.cli('keys', '*')).toBe('');
  });

  it('check --online ends with an error where its user lacks a right', async (ctx) => {
    const server = await startRedis(ctx);
    await server.cli('ACL', 'SETUSER', 'default', '-set');
    const { check } = await benchOf(ctx, server);
    const { stdout, code } = await check('--online');
    expect(stdout).toContain('does not let its user run SET');
    expect(stdout).toMatch(/; WeChat: 1 good; Redis: 1 refused$/m);
    expect(code).toBe(77);
  });
});
