import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { startRedis } from '../support/redis-server.ts';
import { eventually } from '../support/wait.ts';
import { connectionTo, outcome, told } from './clients.ts';

const TOKEN = '57_a-token-that-nobody-may-see';
const PASSWORD = 'correct horse battery staple';

async function folderOf({ onTestFinished }: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

describe('connection to Redis', () => {
  it('the client sets, reads, tells the life of and deletes a key over TCP', async (ctx) => {
    const server = await startRedis(ctx);
    const redis = connectionTo(server.connection(), ctx.onTestFinished);
    await redis.set('k', TOKEN, 60_000);
    expect(await redis.get('k')).toBe(TOKEN);
    const left = await redis.pttl('k');
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(60_000);
    expect(await redis.del(['k'])).toBe(1);
    expect([await redis.get('k'), await redis.pttl('k')]).toEqual([undefined, undefined]);
    await server.cli('set', 'endless', 'v');
    expect(await redis.pttl('endless')).toBe('endless');
  });

  it('the client uses the database that is configured, and a Unix socket', async (ctx) => {
    const server = await startRedis(ctx);
    const endpoint = { kind: 'socket', path: server.socket } as const;
    const redis = connectionTo(server.connection({ endpoint, database: 3 }), ctx.onTestFinished);
    await redis.set('k', 'v', 60_000);
    expect(await server.cli('-n', '3', 'get', 'k')).toBe('v');
  });

  it('all commands of one connection share one socket', async (ctx) => {
    const server = await startRedis(ctx);
    const redis = connectionTo(server.connection(), ctx.onTestFinished);
    await Promise.all(Array.from({ length: 50 }, (_, index) => redis.set(`k${index}`, 'v', 60_000)));
    const clients = (await server.cli('client', 'list'))
      .split('\n')
      .filter((line) => !/cmd=client/.test(line));
    expect(clients).toHaveLength(1);
  });

  it('a script compares and sets in one step', async (ctx) => {
    const server = await startRedis(ctx);
    const redis = connectionTo(server.connection(), ctx.onTestFinished);
    const lua = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) return 1 end return 0`;
    await redis.set('k', 'old', 60_000);
    const swap = (from: string) => redis.script({ lua, nature: 'writes' }, ['k'], [from, 'new', 60_000]);
    expect([await swap('other'), await swap('old'), await redis.get('k')]).toEqual([0, 1, 'new']);
  });
});

describe('login at Redis', () => {
  async function guarded(ctx: TestContext, rule = 'allkeys allchannels +@all') {
    const server = await startRedis(ctx);
    await server.cli('ACL', 'SETUSER', 'wx', 'on', `>${PASSWORD}`, ...rule.split(' '));
    await server.cli('ACL', 'SETUSER', 'default', 'resetkeys', '-@all', '+acl', '+config');
    const passwordFile = join(await folderOf(ctx), 'password');
    await writeFile(passwordFile, `${PASSWORD}\n`);
    return { server, passwordFile, login: { username: 'wx', passwordFile } };
  }

  it('a user of the ACL logs in with the password of a file', async (ctx) => {
    const { server, login } = await guarded(ctx);
    const redis = connectionTo(server.connection({ login }), ctx.onTestFinished);
    expect(await redis.call('reads', ['ACL', 'WHOAMI'])).toBe('wx');
  });

  it('a wrong password is told without it, and a corrected file is used at once', async (ctx) => {
    const { server, login, passwordFile } = await guarded(ctx);
    await writeFile(passwordFile, 'a wrong one, not to be seen');
    const redis = connectionTo(server.connection({ login }), ctx.onTestFinished);
    const text = await told(redis.set('k', TOKEN, 60_000));
    expect(text).toContain('redis-auth');
    expect(text).not.toMatch(/a wrong one|a-token/);
    await writeFile(passwordFile, PASSWORD);
    expect(await outcome(redis.set('k', TOKEN, 60_000))).toBe('undefined');
  });

  it('a password that is replaced while the daemon runs is used by the next connection', async (ctx) => {
    const { server, login, passwordFile } = await guarded(ctx);
    const redis = connectionTo(server.connection({ login }), ctx.onTestFinished);
    await redis.set('k', 'v', 60_000);
    await server.cli('ACL', 'SETUSER', 'wx', 'resetpass', '>the next one');
    await writeFile(passwordFile, 'the next one');
    await server.cli('ACL', 'SETUSER', 'default', '+client');
    await server.cli('client', 'kill', 'user', 'wx');
    expect(await eventually(() => redis.get('k'))).toBe('v');
  });

  it('a password that the server does not ask for does no harm', async (ctx) => {
    const server = await startRedis(ctx);
    const passwordFile = join(await folderOf(ctx), 'password');
    await writeFile(passwordFile, PASSWORD);
    const redis = connectionTo(server.connection({ login: { passwordFile } }), ctx.onTestFinished);
    expect(await outcome(redis.set('k', 'v', 60_000))).toBe('undefined');
  });

  it('a server that asks for a password says so', async (ctx) => {
    const server = await startRedis(ctx, { config: [`requirepass "${PASSWORD}"`] });
    const redis = connectionTo(server.connection(), ctx.onTestFinished);
    expect(await outcome(redis.get('k'))).toBe('redis-auth, none');
  });

  it('a password file that is missing or empty is told by its path', async (ctx) => {
    const { server, login, passwordFile } = await guarded(ctx);
    const redis = connectionTo(server.connection({ login }), ctx.onTestFinished);
    await writeFile(passwordFile, '\n');
    expect(await told(redis.get('k'))).toMatch(/redis-credentials.*password is empty/);
    await rm(passwordFile);
    expect(await told(redis.get('k'))).toMatch(/redis-credentials.*password cannot be read \(ENOENT\)/);
  });

  it.for([
    ['~* +@all -set', 'does not let its user run SET', '+set'],
    ['~other:* +@all', 'does not let its user run SET on this key', '~ with'],
  ] as const)('a user with %s is told what is missing', async ([rule, what, advice], ctx) => {
    const { server, login } = await guarded(ctx, rule);
    const redis = connectionTo(server.connection({ login }), ctx.onTestFinished);
    const text = await told(redis.set('k', TOKEN, 60_000));
    expect(text).toContain('redis-forbidden');
    expect(text).toContain(what);
    expect(text).toContain(advice);
    expect(text).not.toContain(TOKEN);
  });
});
