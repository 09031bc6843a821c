import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { channelOf, keysOf, stateServer } from '../../../src/coordination/redis/scripts.ts';
import type { PushedServer, StateServer, TurnServer } from '../../../src/coordination/redis/state-server.ts';
import { redisOf } from '../../../src/redis/index.ts';
import { systemClock } from '../../../src/system/time/clock.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { eventually } from '../../support/wait.ts';
import { modelServer } from './model-server.ts';

const PREFIX = 'wx-token-sidecar:';
const ACCOUNT = 'weixin/access-token/wx0000000000000000';
const MINUTE = 60_000;

interface Subject {
  readonly server: StateServer & PushedServer & TurnServer;
  /** What was told of writes. */
  readonly told: readonly string[];
  /** The lock has run out. */
  readonly expire: () => Promise<void>;
  readonly redis?: RedisServer;
}

async function real(ctx: TestContext): Promise<Subject> {
  const redis = await startRedis(ctx);
  const access = redisOf([redis.connection()], { clock: systemClock, random: Math.random });
  ctx.onTestFinished(access.close);
  const server = stateServer(access.connection('cache'), PREFIX);
  const told: string[] = [];
  let isListening = false;
  server.listen(
    (message) => void told.push(message),
    () => {
      isListening = true;
    },
  );
  await eventually(() => isListening);
  const expire = async () => void (await redis.cli('DEL', keysOf(PREFIX, ACCOUNT).lock));
  return { server, told, expire, redis };
}

/** What the simulation plays with. */
async function model(): Promise<Subject> {
  let now = 0;
  const played = modelServer(() => now);
  const told: string[] = [];
  played.listeners.add((message) => void told.push(message));
  const { read, take, renew, free, write, keep, readPushed, keepPushed, takeTurn } = played.run;
  const server: StateServer & PushedServer & TurnServer = {
    read: async (account) => read(account),
    take: async (claim) => take(claim),
    renew: async (renewal) => renew(renewal),
    free: async (...args) => free(...args),
    write: async (record) => write(record),
    keep: async (...args) => keep(...args),
    readPushed: async (account, what) => readPushed(account, what),
    keepPushed: async (what, write) => keepPushed(what, write),
    takeTurn: async (...args) => takeTurn(...args),
  };
  return {
    ...{ server, told },
    expire: async () => {
      now += MINUTE;
    },
  };
}

const claim = (value: string, more: { readonly stale?: string } = {}) => ({
  ...{ account: ACCOUNT, value, process: `${value.split(' ')[0]} `, duration: MINUTE },
  ...more,
});
const writing = (lease: string, base: string, text: string) => ({
  ...{ account: ACCOUNT, lease, base, text, duration: 10 * MINUTE, message: `told by ${lease}` },
});
const pushing = (base: string, text: string) => ({
  ...{ account: ACCOUNT, base, text, duration: 10 * MINUTE, message: `told of ${text}` },
});

describe('a real server that is asked whether it takes writes', () => {
  it('one that is full says so, one that has room lets it be, and neither keeps anything', async (ctx) => {
    const redis = await startRedis(ctx);
    const access = redisOf([redis.connection()], { clock: systemClock, random: Math.random });
    ctx.onTestFinished(access.close);
    const { probeWrite } = stateServer(access.connection('cache'), PREFIX);
    await probeWrite(ACCOUNT);
    await redis.cli('config', 'set', 'maxmemory', '1');
    await expect(probeWrite(ACCOUNT)).rejects.toMatchObject({ code: 'redis-full' });
    await redis.cli('config', 'set', 'maxmemory', '0');
    await probeWrite(ACCOUNT);
    await redis.cli('replicaof', '127.0.0.1', '1');
    await expect(probeWrite(ACCOUNT)).rejects.toMatchObject({ code: 'redis-read-only' });
    expect(await redis.cli('keys', '*')).toBe('');
  });
});

describe.each([
  ['a real server', real],
  ['the model of the simulation', model],
] as const)('the operations of the store on %s', (_name, open) => {
  it('a lock is had by one until it is given back, and tells the other who has it', async (ctx) => {
    const { server } = await open(ctx);
    expect(await server.take(claim('a 1 0 here'))).toEqual({ isTaken: true });
    expect(await server.take(claim('b 1 0 there'))).toEqual({ isTaken: false, value: 'a 1 0 here' });
    // Nobody gives back what is another's.
    await server.free(ACCOUNT, 'b 1 ');
    expect(await server.take(claim('b 2 0 there'))).toMatchObject({ isTaken: false });
    await server.free(ACCOUNT, 'a 1 ');
    expect(await server.take(claim('b 3 0 there'))).toEqual({ isTaken: true });
  });

  it('a lock of which no answer came is taken again by the same process', async (ctx) => {
    const { server } = await open(ctx);
    await server.take(claim('a 1 0 here'));
    expect(await server.take(claim('a 2 0 here'))).toEqual({ isTaken: true });
    expect(
      await server.renew({ account: ACCOUNT, lease: 'a 1 ', value: 'a 1 1 here', duration: MINUTE }),
    ).toBe(false);
    // The number of one process may begin as that of another.
    expect(await server.take(claim('aa 1 0 there'))).toMatchObject({ isTaken: false });
  });

  it('a stale lock is taken over only while it is still the same', async (ctx) => {
    const { server } = await open(ctx);
    await server.take(claim('a 1 0 here'));
    await server.renew({ account: ACCOUNT, lease: 'a 1 ', value: 'a 1 1 here', duration: MINUTE });
    expect(await server.take(claim('b 1 0 there', { stale: 'a 1 0 here' }))).toEqual({
      isTaken: false,
      value: 'a 1 1 here',
    });
    expect(await server.take(claim('b 2 0 there', { stale: 'a 1 1 here' }))).toEqual({ isTaken: true });
  });

  it('a lock that was lost is made again by its holder unless another has it', async (ctx) => {
    const { server, expire } = await open(ctx);
    const renewal = { account: ACCOUNT, lease: 'a 1 ', value: 'a 1 1 here', duration: MINUTE };
    await server.take(claim('a 1 0 here'));
    await expire();
    expect(await server.renew(renewal)).toBe(true);
    expect(await server.take(claim('b 1 0 there'))).toMatchObject({ isTaken: false });
    await expire();
    await server.take(claim('b 2 0 there'));
    expect(await server.renew(renewal)).toBe(false);
  });

  it('a record is written on what it was read from, told once, and read with the lock', async (ctx) => {
    const { server, told } = await open(ctx);
    expect(await server.read(ACCOUNT)).toBeUndefined();
    await server.take(claim('a 1 0 here'));
    expect(await server.write(writing('a 1 ', '', 'first'))).toBe('written');
    expect(await server.write(writing('a 1 ', 'first', 'second'))).toBe('written');
    expect(await server.write(writing('a 1 ', 'first', 'third'))).toBe('changed');
    expect(await server.write(writing('a 1 ', '', 'third'))).toBe('changed');
    expect(await server.read(ACCOUNT)).toBe('second');
    await server.free(ACCOUNT, 'a 1 ');
    expect(await server.take(claim('b 1 0 there'))).toEqual({ isTaken: true, record: 'second' });
    await eventually(() => told.length === 2);
    expect(told).toEqual(['told by a 1 ', 'told by a 1 ']);
  });

  it('the same record again, of which no answer came, is written', async (ctx) => {
    const { server } = await open(ctx);
    await server.take(claim('a 1 0 here'));
    expect(await server.write(writing('a 1 ', '', 'first'))).toBe('written');
    expect(await server.write(writing('a 1 ', '', 'first'))).toBe('written');
  });

  it('a pushed ticket is kept on what it was compared with, told once, and whoever has the lock', async (ctx) => {
    const { server, told } = await open(ctx);
    expect(await server.readPushed(ACCOUNT, 'pushed')).toBeUndefined();
    await server.take(claim('a 1 0 here'));
    expect(await server.keepPushed('pushed', pushing('another', 'first'))).toEqual({ isKept: false });
    expect(await server.keepPushed('pushed', pushing('', 'first'))).toEqual({ isKept: true });
    expect(await server.keepPushed('pushed', pushing('', 'second'))).toEqual({
      isKept: false,
      stored: 'first',
    });
    expect(await server.keepPushed('pushed', pushing('first', 'second'))).toEqual({ isKept: true });
    expect(await server.readPushed(ACCOUNT, 'pushed')).toBe('second');
    expect(await server.read(ACCOUNT)).toBeUndefined();
    await eventually(() => told.length === 2);
    expect(told).toEqual(['told of first', 'told of second']);
  });

  it('of so many turns each is had once, and those of another name are others', async (ctx) => {
    const { server } = await open(ctx);
    const answers = [];
    for (let call = 0; call < 5; call += 1) answers.push(await server.takeTurn(ACCOUNT, 3, MINUTE));
    expect(answers).toEqual([true, true, true, false, false]);
    expect(await server.takeTurn(`${ACCOUNT}1`, 3, MINUTE)).toBe(true);
  });

  it('a turn is free again by itself', async (ctx) => {
    const { server, expire } = await open(ctx);
    expect(await server.takeTurn(ACCOUNT, 1, 20)).toBe(true);
    await expire();
    await eventually(() => server.takeTurn(ACCOUNT, 1, MINUTE));
    expect(await server.takeTurn(ACCOUNT, 1, MINUTE)).toBe(false);
  });

  it('while another has the lock nothing is written; where nobody has it, what was read decides', async (ctx) => {
    const { server, expire } = await open(ctx);
    await server.take(claim('a 1 0 here'));
    await server.write(writing('a 1 ', '', 'first'));
    await expire();
    await server.take(claim('b 1 0 there'));
    expect(await server.write(writing('a 1 ', 'first', 'late'))).toBe('held');
    // Without a lease the comparison alone decides.
    expect(await server.write(writing('', 'second', 'kept'))).toBe('changed');
    expect(await server.write(writing('', 'first', 'kept'))).toBe('written');
    expect(await server.write(writing('', 'kept', 'first'))).toBe('written');
    await server.free(ACCOUNT, 'b 1 ');
    expect(await server.write(writing('a 1 ', 'first', 'late'))).toBe('written');
  });
});

describe('what the store leaves on a server', () => {
  it('all keys of an account have one hash tag and an end, and the channel has the prefix', async (ctx) => {
    const { server, redis } = await real(ctx);
    await server.take(claim('a 1 0 here'));
    await server.write(writing('a 1 ', '', 'first'));
    await server.keep(ACCOUNT, 2, 'of a later version', MINUTE);
    await server.keepPushed('pushed', pushing('', 'a ticket'));
    await server.takeTurn(ACCOUNT, 10, MINUTE);
    const names = [':record', ':lock', ':pushed', ':record.version-2', ':turn-0'].map(
      (end) => `${PREFIX}{${ACCOUNT}}${end}`,
    );
    expect((await redis?.cli('KEYS', '*'))?.split('\n').toSorted()).toEqual(names.toSorted());
    for (const name of names) expect(Number(await redis?.cli('PTTL', name))).toBeGreaterThan(0);
    expect(channelOf(PREFIX)).toBe('wx-token-sidecar:changes');
  });

  it('a user with the rights that the page on Redis names can do all of it', async (ctx) => {
    const redis = await startRedis(ctx);
    const page = await readFile(new URL('../../../docs/redis.md', import.meta.url), 'utf8');
    const [, rights = ''] = /`(~wx-token-sidecar:\*[^`]*)`/.exec(page) ?? [];
    await redis.cli('ACL', 'SETUSER', 'wx-token', 'on', '>aPassword', ...rights.split(/\s+/));
    const passwordFile = join(redis.folder, 'password');
    await writeFile(passwordFile, 'aPassword');
    const login = { username: 'wx-token', passwordFile };
    const access = redisOf([redis.connection({ login })], { clock: systemClock, random: Math.random });
    ctx.onTestFinished(access.close);
    const server = stateServer(access.connection('cache'), PREFIX);
    const told: string[] = [];
    let isListening = false;
    server.listen(
      (message) => void told.push(message),
      () => {
        isListening = true;
      },
    );
    await eventually(() => isListening);
    await server.probe();
    await server.take(claim('a 1 0 here'));
    await server.renew({ account: ACCOUNT, lease: 'a 1 ', value: 'a 1 1 here', duration: MINUTE });
    expect(await server.write(writing('a 1 ', '', 'first'))).toBe('written');
    await server.keep(ACCOUNT, 2, 'of a later version', MINUTE);
    await server.free(ACCOUNT, 'a 1 ');
    expect(await server.read(ACCOUNT)).toBe('first');
    expect(await server.keepPushed('pushed', pushing('', 'a ticket'))).toEqual({ isKept: true });
    expect(await server.readPushed(ACCOUNT, 'pushed')).toBe('a ticket');
    expect(await server.takeTurn(ACCOUNT, 10, MINUTE)).toBe(true);
    await eventually(() => told.length === 2);
    await server.close();
  });
});
