import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { encodeEntry } from '../../src/codec/details.ts';
import type { LayoutKey } from '../../src/codec/sdk-layout.ts';
import type { Token } from '../../src/core/credential.ts';
import { failureOf } from '../../src/core/failure.ts';
import type { Disturbance, Judge } from '../../src/core/ports.ts';
import { kubernetesOf } from '../../src/kubernetes/index.ts';
import { publishers } from '../../src/publishers/kinds.ts';
import type { RedisConfig } from '../../src/redis/connection-types.ts';
import { redisOf } from '../../src/redis/index.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { outcome } from '../redis/clients.ts';
import { judgeOf } from '../support/judge.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { eventually } from '../support/wait.ts';
import { aToken } from './token.ts';

const KEY = 'wx:access_token:wx0000000000000000';
const BESIDE = `{${KEY}}:wx-token-sidecar`;
const RAW: readonly LayoutKey[] = [{ key: KEY, holds: 'value', encoding: 'raw' }];
const TWO: readonly LayoutKey[] = [
  { key: 'wechatpy:wx0_access_token_expires_at', holds: 'end', encoding: 'json-string' },
  { key: 'wechatpy:wx0_access_token', holds: 'value', encoding: 'json-string' },
];
const SUBJECT = {
  ...{ name: 'shop', type: 'stable-token', appId: 'wx0000000000000000', kind: 'token' },
  account: 'weixin/stable-token/wx0000000000000000',
} as const;

/** A token that is alive now, and was got so many ms ago. */
function live(
  value: string,
  { age = 0, ...changes }: Partial<Token> & { readonly age?: number } = {},
): Token {
  const issuedAt = Date.now() - age;
  return aToken(value, { issuedAt, expiresAt: issuedAt + 7_200_000, ...changes });
}

const OLD = live('57_the-token-before-this-one', { age: 3_600_000, generation: 1 });
const NEW = live('57_the-newest-of-the-tokens', { generation: 2 });

/** One process that publishes into a server. */
function daemon(ctx: Pick<TestContext, 'onTestFinished'>, config: RedisConfig, keys = RAW) {
  const redis = redisOf([config], { clock: systemClock, random: () => 0 });
  const kubernetes = kubernetesOf({ clock: systemClock, environment: {} });
  ctx.onTestFinished(redis.close);
  const disturbances: Disturbance[] = [];
  const create = publishers({ kubernetes, redis, clock: systemClock });
  const of = SUBJECT.kind;
  const target = { type: 'redis', of, format: 'raw', connection: config.name, server: 'here', keys } as const;
  const publisher = create(target, SUBJECT);
  const publish = (token: Token, changes: Partial<Judge> = {}) =>
    publisher.publish(
      token,
      judgeOf(token, { disturbed: (what) => void disturbances.push(what), ...changes }),
    );
  return { publisher, publish, disturbances };
}

async function one(ctx: TestContext, config: readonly string[] = [], keys = RAW) {
  const server = await startRedis(ctx, { config });
  return { server, ...daemon(ctx, server.connection(), keys) };
}

const entryOf = (token: Token) => encodeEntry(token, SUBJECT);
const lifeOf = async (server: RedisServer, key: string) => Number(await server.cli('pttl', key));

describe('target in Redis', () => {
  it('publishing sets the value and its details, and both end with the token', async (ctx) => {
    const { server, publish } = await one(ctx);
    const token = live('57_a-token', { age: 7_100_000 });
    expect(await publish(token)).toBe('written');
    expect(await server.cli('get', KEY)).toBe('57_a-token');
    expect(`${await server.cli('get', BESIDE)}\n`).toBe(entryOf(token));
    for (const key of [KEY, BESIDE]) {
      const life = await lifeOf(server, key);
      expect(life).toBeGreaterThan(0);
      expect(life).toBeLessThanOrEqual(100_000);
    }
    expect(await publish(token)).toBe('unchanged');
  });

  it('a token whose end has passed is not written, since it would never end', async (ctx) => {
    const { server, publish } = await one(ctx);
    await publish(live('57_a-token', { age: 7_300_000 }));
    expect(await server.cli('exists', KEY)).toBe('0');
  });

  it('a newer token replaces an older one, and a daemon with the older one leaves it', async (ctx) => {
    const { server, publish } = await one(ctx);
    expect(await publish(OLD)).toBe('written');
    expect(await publish(NEW)).toBe('written');
    const other = daemon(ctx, server.connection());
    const found = await other.publish(OLD);
    expect(found).toMatchObject({ token: { generation: 2 } });
    expect(await server.cli('get', KEY)).toBe(NEW.value.reveal());
  });

  it('of two daemons that publish at once the newer token stays, whichever comes first', async (ctx) => {
    const server = await startRedis(ctx);
    const pairs = Array.from({ length: 20 }, () => [
      daemon(ctx, server.connection()).publish(OLD),
      daemon(ctx, server.connection()).publish(NEW),
    ]);
    await Promise.all(pairs.flat());
    expect(await server.cli('get', KEY)).toBe(NEW.value.reveal());
    expect(`${await server.cli('get', BESIDE)}\n`).toBe(entryOf(NEW));
  });

  it('a token of which the store knows a newer one is not written', async (ctx) => {
    const { server, publish } = await one(ctx);
    expect(await publish(OLD, { isNewest: async () => false })).toBe('superseded');
    expect(await server.cli('exists', KEY)).toBe('0');
  });

  it('what is published is found again by another process, with its times and generation', async (ctx) => {
    const { server, publish } = await one(ctx);
    await publish(NEW);
    const found = await daemon(ctx, server.connection()).publisher.published?.();
    expect(found?.isBare).toBeUndefined();
    expect(found?.token.generation).toBe(2);
    expect(found?.token.value.reveal()).toBe(NEW.value.reveal());
  });

  it('the two keys of a layout change in one step, with one end', async (ctx) => {
    const { server, publish } = await one(ctx, [], TWO);
    await publish(OLD);
    await publish(NEW);
    const [end, value] = TWO.map(({ key }) => key);
    expect(await server.cli('get', value ?? '')).toBe(JSON.stringify(NEW.value.reveal()));
    expect(Number(await server.cli('get', end ?? ''))).toBe(Math.floor(NEW.expiresAt / 1000));
    expect(await lifeOf(server, end ?? '')).toBeGreaterThan(0);
  });
});

describe('keys that somebody else touches', () => {
  it('a value that an SDK wrote makes the platform be asked, and is overwritten once ours is the newest', async (ctx) => {
    const { server, publish, disturbances } = await one(ctx);
    await publish(OLD);
    await server.cli('set', KEY, '57_fetched-by-an-sdk', 'EX', '5700');
    expect(await publish(OLD)).toMatchObject({ isBare: true });
    expect(await server.cli('get', KEY)).toBe('57_fetched-by-an-sdk');
    expect(await publish(OLD, { weigh: () => 'older' })).toBe('written');
    expect(await server.cli('get', KEY)).toBe(OLD.value.reveal());
    expect(disturbances).toEqual(['replaced']);
  });

  it('a token of ours that comes back as an old one is overwritten at once', async (ctx) => {
    const { server, publish } = await one(ctx);
    await publish(OLD);
    await publish(NEW);
    await server.cli('set', KEY, OLD.value.reveal(), 'EX', '5700');
    expect(await publish(NEW)).toBe('written');
  });

  it.for([
    ['removed', ['del', KEY]],
    ['lost', ['flushall']],
  ] as const)('a key that is %s is told, and set again', async ([what, command], ctx) => {
    const { server, publish, disturbances } = await one(ctx);
    await publish(NEW);
    await server.cli(...command);
    expect(await publish(NEW)).toBe('written');
    expect(await server.cli('get', KEY)).toBe(NEW.value.reveal());
    expect(disturbances).toEqual([what]);
  });

  it('a key that has just ended is no disturbance', async (ctx) => {
    const { server, publish, disturbances } = await one(ctx);
    await publish(live('57_a-token-of-the-past', { age: 7_198_000 }));
    await eventually(async () => (await server.cli('exists', KEY)) === '0');
    await eventually(() => Date.now() > NEW.issuedAt + 2_500);
    await publish(live('57_the-next-token', { generation: 3 }));
    expect(disturbances).toEqual([]);
  });

  it.for([
    ['no end', ['persist', KEY]],
    ['an end after that of the token', ['expire', KEY, '9000']],
    ['an end long before that of the token', ['expire', KEY, '600']],
  ] as const)('a key that somebody gave %s gets its own again', async ([, command], ctx) => {
    const { server, publish } = await one(ctx);
    await publish(NEW);
    await server.cli(...command);
    expect(await publish(NEW)).toBe('mended');
    const life = await lifeOf(server, KEY);
    expect(life).toBeGreaterThan(7_000_000);
    expect(life).toBeLessThanOrEqual(7_200_000);
  });

  it('bytes that are no text are overwritten', async (ctx) => {
    const { server, publish, disturbances } = await one(ctx);
    await publish(NEW);
    await server.cli('eval', `redis.call('SET', KEYS[1], '\\172\\237\\000\\005')`, '1', KEY);
    expect(await publish(NEW)).toBe('written');
    expect(await server.cli('get', KEY)).toBe(NEW.value.reveal());
    expect(disturbances).toEqual(['replaced']);
  });

  it('a key of another type is left alone and told as such', async (ctx) => {
    const { server, publish } = await one(ctx);
    await server.cli('lpush', KEY, 'theirs');
    expect(await outcome(publish(NEW))).toBe('redis-wrong-type, none');
    expect(await server.cli('type', KEY)).toBe('list');
  });

  it('damaged details are written again, and what an app reads beside them is no news', async (ctx) => {
    const { server, publish } = await one(ctx);
    await publish(NEW);
    await server.cli('set', BESIDE, '{"half');
    expect(await publish(NEW)).toBe('mended');
    expect(`${await server.cli('get', BESIDE)}\n`).toBe(entryOf(NEW));
  });

  it('a watch calls back when the key is evicted', async (ctx) => {
    const { server, publish, publisher } = await one(ctx, [
      'notify-keyspace-events Kg$xe',
      'maxmemory-policy allkeys-lru',
    ]);
    await publish(NEW);
    let calls = 0;
    const end = publisher.watch?.(() => {
      calls += 1;
    });
    await eventually(() => calls === 1, { for: 'the watch to begin' });
    await server.cli('config', 'set', 'maxmemory', '1');
    await eventually(() => calls === 2, { for: 'the eviction to be told' });
    end?.();
  });

  it('a watch calls back when the key is changed, and when the server is back', async (ctx) => {
    const { server, publish, publisher } = await one(ctx, ['notify-keyspace-events Kg$xe']);
    await publish(NEW);
    let calls = 0;
    const end = publisher.watch?.(() => {
      calls += 1;
    });
    await eventually(() => calls === 1, { for: 'the watch to begin' });
    await server.cli('del', KEY);
    await eventually(() => calls === 2, { for: 'the removal to be told' });
    await server.kill();
    await server.restart();
    await eventually(() => calls === 3, { for: 'the watch to begin anew' });
    end?.();
  });
});

describe('rights in Redis', () => {
  it('a user with the rights that the page names can do all that a target needs, and no more', async (ctx) => {
    const server = await startRedis(ctx);
    const rule = `~${KEY} ~${BESIDE} &__keyspace@0__:${KEY} -@all +get +set +pttl +eval +subscribe +unsubscribe +ping +select`;
    await server.cli('ACL', 'SETUSER', 'wx', 'on', '>pw', 'resetchannels', ...rule.split(' '));
    const folder = await mkdtemp(join(tmpdir(), 'wx-'));
    ctx.onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await writeFile(join(folder, 'password'), 'pw');
    const login = { username: 'wx', passwordFile: join(folder, 'password') };
    const { publish, publisher } = daemon(ctx, server.connection({ login }));
    expect(await publish(NEW)).toBe('written');
    let isListening = false;
    publisher.watch?.(() => {
      isListening = true;
    });
    await eventually(() => isListening);
    expect(await publisher.retire?.()).toHaveLength(2);
    await eventually(async () => (await server.cli('exists', KEY, BESIDE)) === '0');
    await server.cli('ACL', 'SETUSER', 'wx', '-set');
    await server.cli('del', KEY);
    expect(await outcome(publish(NEW))).toBe('redis-forbidden, none');
  });
});

describe('removing what was published for an account that is gone', () => {
  it('all keys go, whichever process wrote them', async (ctx) => {
    const { server, publish } = await one(ctx, [], TWO);
    await publish(NEW);
    expect(await server.cli('dbsize')).toBe('3');
    const { publisher } = daemon(ctx, server.connection(), TWO);
    expect((await publisher.retire?.())?.toSorted()).toEqual(
      [...TWO.map(({ key }) => key), '{wechatpy:wx0_access_token}:wx-token-sidecar']
        .map((key) => `the key ${key} of Redis at here`)
        .toSorted(),
    );
    await eventually(async () => (await server.cli('dbsize')) === '0');
    expect(await publisher.retire?.()).toEqual([]);
    expect(await publish(NEW)).toBe('written');
  });

  it.for([
    ['a value that somebody else wrote over it', ['set', KEY, 'of-another-program', 'EX', '5700']],
    ['a value without details', ['del', BESIDE]],
    ['a value with damaged details', ['set', BESIDE, '{"name":"shop"}']],
  ] as const)('%s stays', async ([, command], ctx) => {
    const { server, publish, publisher } = await one(ctx);
    await publish(NEW);
    await server.cli(...command);
    const before = await server.cli('get', KEY);
    expect(await publisher.retire?.()).toEqual([]);
    expect(await server.cli('get', KEY)).toBe(before);
  });

  it('a server that is away is told', async (ctx) => {
    const { server, publish, publisher } = await one(ctx);
    await publish(NEW);
    await server.kill();
    const failure = await publisher.retire?.().catch((error: unknown) => failureOf(error, 'none'));
    expect(failure).toMatchObject({ code: expect.stringMatching(/^redis-/) });
  });
});
