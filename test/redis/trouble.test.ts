import { mkdir } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { listen } from '../providers/servers.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { eventually } from '../support/wait.ts';
import { connectionTo, outcome, told } from './clients.ts';
import { startSlowLoader } from './loading.ts';

const TOKEN = '57_a-token-that-nobody-may-see';

/** A time limit of commands that tests wait for to the end, ms. */
const SHORT = 500;

interface Trouble {
  readonly what: string;
  readonly told: string;
  /** Lines of redis.conf. */
  readonly config?: readonly string[];
  prepare(server: RedisServer): Promise<unknown>;
}

const TROUBLES: readonly Trouble[] = [
  {
    what: 'a replica',
    told: 'redis-read-only, none',
    prepare: (server) => server.cli('replicaof', '127.0.0.1', '1'),
  },
  {
    what: 'a full server that evicts nothing',
    told: 'redis-full, none',
    async prepare(server) {
      await server.cli('config', 'set', 'maxmemory-policy', 'noeviction');
      await server.cli('config', 'set', 'maxmemory', '1');
    },
  },
  {
    what: 'a server without its replicas',
    told: 'redis-no-replicas, none',
    prepare: (server) => server.cli('config', 'set', 'min-replicas-to-write', '1'),
  },
  {
    what: 'a server that could not save its data',
    told: 'redis-misconf, none',
    config: ['dbfilename data.rdb', 'save 3600 100000'],
    async prepare(server) {
      // It listens before it looks for data to load, and would end at such a folder; once it answers it has looked.
      await server.cli('ping');
      // What is to be replaced is a folder with something in it: the rename fails, for root as well.
      await mkdir(join(server.folder, 'data.rdb', 'in-it'), { recursive: true });
      await eventually(async () => {
        await server.cli('bgsave').catch(() => {});
        return (await server.cli('info', 'persistence')).includes('bgsave_status:err');
      });
    },
  },
  {
    what: 'a server whose script does not end',
    told: 'redis-busy, none',
    async prepare(server) {
      await server.cli('config', 'set', 'busy-reply-threshold', '1');
      const socket = connect(server.port, '127.0.0.1');
      socket.on('error', () => {});
      const script = 'while true do end';
      socket.write(`*3\r\n$4\r\nEVAL\r\n$${script.length}\r\n${script}\r\n$1\r\n0\r\n`);
      await eventually(async () => (await server.cli('get', 'k')).startsWith('BUSY'));
    },
  },
];

describe('Redis servers in trouble', () => {
  it.for(TROUBLES)('$what is told as $told', async ({ told: expected, config = [], prepare }, ctx) => {
    const server = await startRedis(ctx, { config });
    await prepare(server);
    const redis = connectionTo(server.connection(), ctx.onTestFinished);
    const write = () => redis.set('k', TOKEN, 60_000);
    expect(await outcome(write())).toBe(expected);
    expect(await told(write())).not.toContain(TOKEN);
  });

  it('a server that still loads its data is told as such, and used when it has', async (ctx) => {
    const server = await startSlowLoader(ctx);
    const redis = connectionTo(server.connection(), ctx.onTestFinished);
    await redis.set('k', 'v', 60_000);
    await server.load();
    await eventually(async () => (await outcome(redis.get('k'))) === 'redis-loading, none');
    expect(await told(redis.set('k', TOKEN, 60_000))).not.toContain(TOKEN);
    await server.loaded();
    expect(await eventually(() => redis.get('neighbour:1'))).toMatch(/^x+$/);
  });

  it('a key of another type is told as such', async (ctx) => {
    const server = await startRedis(ctx);
    await server.cli('lpush', 'k', 'a');
    const redis = connectionTo(server.connection(), ctx.onTestFinished);
    expect(await outcome(redis.get('k'))).toBe('redis-wrong-type, none');
  });

  it('a server that repeats what it was sent in its error is not quoted', async (ctx) => {
    const server = await startRedis(ctx);
    const redis = connectionTo(server.connection(), ctx.onTestFinished);
    const text = await told(redis.call('writes', ['SETT', TOKEN]));
    expect(text).toContain('redis-unsupported');
    expect(text).not.toContain(TOKEN);
  });

  it('a database that there is not is told when the connection is made', async (ctx) => {
    const server = await startRedis(ctx);
    const redis = connectionTo(server.connection({ database: 99 }), ctx.onTestFinished);
    expect(await outcome(redis.get('k'))).toBe('redis-database, unsent');
  });

  it('a frozen server is given up on in time, and used again when it goes on', async (ctx) => {
    const server = await startRedis(ctx);
    const redis = connectionTo(server.connection(), ctx.onTestFinished, SHORT);
    await redis.set('k', 'v', 60_000);
    server.freeze();
    expect(await outcome(redis.set('k', TOKEN, 60_000))).toBe('redis-timeout, unknown');
    expect(await outcome(redis.get('k'))).toBe('redis-timeout, none');
    server.thaw();
    expect(await eventually(() => redis.get('k'))).toBeDefined();
  });

  it('a server that was killed is told, and the connection is made again when it is back', async (ctx) => {
    const server = await startRedis(ctx, { persistent: true });
    const redis = connectionTo(server.connection(), ctx.onTestFinished);
    await redis.set('k', 'v', 60_000);
    await server.kill();
    const code = (await outcome(redis.get('k'))).replace(/,.*/, '');
    expect(['redis-cut', 'redis-unreachable']).toContain(code);
    await eventually(async () => (await outcome(redis.get('k'))) === 'redis-unreachable, unsent');
    await server.restart();
    expect(await eventually(() => redis.get('k'))).toBe('v');
  });

  it('a write whose line is cut may have been done, and is not sent again', async (ctx) => {
    const server = await startRedis(ctx);
    const line = await cutting(ctx, server);
    const redis = connectionTo(server.connection({ endpoint: line.endpoint }), ctx.onTestFinished);
    await redis.set('k', '0', 60_000);
    line.swallowAnswers();
    const incremented = outcome(redis.call('writes', ['INCR', 'k']));
    await eventually(async () => (await server.cli('get', 'k')) === '1');
    line.cut();
    expect(await incremented).toMatch(/^redis-cut, unknown$/);
    expect(await eventually(() => redis.get('k'))).toBe('1');
  });

  it('a web server in its place is told as no Redis', async (ctx) => {
    const port = await listen(createHttpServer((_, response) => response.end('<html>')));
    const endpoint = { kind: 'server', address: { host: '127.0.0.1', port } } as const;
    const redis = connectionTo({ name: 'cache', database: 0, endpoint }, ctx.onTestFinished);
    const text = await told(redis.set('k', TOKEN, 60_000));
    expect(text).toContain('redis-not-redis');
    expect(text).not.toContain(TOKEN);
  });

  it('a port where nobody listens is told as unreachable, and none is tried again at once', async (ctx) => {
    const server = await startRedis(ctx);
    await server.kill();
    const redis = connectionTo(server.connection(), ctx.onTestFinished);
    const all = await Promise.all(Array.from({ length: 20 }, () => outcome(redis.get('k'))));
    expect(new Set(all)).toEqual(new Set(['redis-unreachable, unsent']));
    expect(await told(redis.get('k'))).toContain('nobody answers there');
  });
});

describe('subscription', () => {
  it('a subscription hears what is published, and again after the server was restarted', async (ctx) => {
    const server = await startRedis(ctx);
    const redis = connectionTo(server.connection(), ctx.onTestFinished);
    const heard: string[] = [];
    let listening = 0;
    const end = redis.subscribe({
      channel: 'news',
      message: (text) => heard.push(text),
      listening: () => {
        listening += 1;
      },
    });
    await eventually(() => listening === 1);
    await redis.publish('news', 'one');
    await eventually(() => heard.includes('one'));
    await server.kill();
    await server.restart();
    await eventually(() => listening === 2);
    await eventually(async () => {
      await redis.publish('news', 'two');
      return heard.includes('two');
    });
    end();
    await eventually(async () => (await server.cli('pubsub', 'channels')) === '');
  });

  it('a second subscription shares the connection and hears as well', async (ctx) => {
    const server = await startRedis(ctx);
    const redis = connectionTo(server.connection(), ctx.onTestFinished);
    const heard: string[] = [];
    const listening = new Set<string>();
    const to = (channel: string, as: string) =>
      redis.subscribe({
        channel,
        message: (text) => heard.push(`${as} ${text}`),
        listening: () => listening.add(as),
      });
    to('news', 'a');
    to('other', 'b');
    await eventually(() => listening.size === 2);
    to('news', 'c');
    to('third', 'd');
    await eventually(() => listening.size === 4);
    for (const channel of ['news', 'other', 'third']) await redis.publish(channel, channel);
    await eventually(() => heard.length === 4);
    expect(heard.toSorted()).toEqual(['a news', 'b other', 'c news', 'd third']);
    const clients = await server.cli('client', 'list', 'type', 'pubsub');
    expect(clients.split('\n')).toHaveLength(1);
  });

  it('a channel that the user may not listen to is told, and leaves the others alone', async (ctx) => {
    const server = await startRedis(ctx);
    await server.cli('ACL', 'SETUSER', 'default', 'resetchannels', '&news');
    const redis = connectionTo(server.connection(), ctx.onTestFinished);
    const said: string[] = [];
    const to = (channel: string) =>
      redis.subscribe({
        channel,
        message: (text) => said.push(text),
        listening: () => said.push(`${channel} heard`),
        deaf: ({ code, message }) => said.push(`${channel} ${code} ${message}`),
      });
    to('secret');
    to('news');
    await eventually(() => said.length === 2);
    expect(said[0]).toMatch(
      /^secret redis-forbidden .* does not let its user run SUBSCRIBE on this channel$/,
    );
    await redis.publish('news', 'one');
    await eventually(() => said.includes('one'));
  });

  it('a subscription hears of changes of a key where the server tells of them', async (ctx) => {
    const server = await startRedis(ctx, { config: ['notify-keyspace-events Kg$x'] });
    const redis = connectionTo(server.connection({ database: 2 }), ctx.onTestFinished);
    const events: string[] = [];
    let isListening = false;
    redis.subscribe({
      channel: redis.keyspaceChannel('k') ?? '',
      message: (text) => events.push(text),
      listening: () => {
        isListening = true;
      },
    });
    await eventually(() => isListening);
    await server.cli('-n', '2', 'set', 'k', 'theirs');
    await server.cli('-n', '2', 'del', 'k');
    await eventually(() => events.join() === 'set,del');
  });
});

/** A line to the server that can lose its answers, and be cut. */
async function cutting(ctx: TestContext, server: RedisServer) {
  const sockets = new Set<Socket>();
  let isSilent = false;
  const port = await listen(
    createServer((here) => {
      const there = connect(server.port, '127.0.0.1');
      for (const socket of [here, there]) sockets.add(socket.on('error', () => {}));
      here.pipe(there);
      there.on('data', (data) => !isSilent && here.write(data));
      there.on('close', () => here.destroy());
      here.on('close', () => there.destroy());
    }),
  );
  ctx.onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  return {
    endpoint: { kind: 'server', address: { host: '127.0.0.1', port } } as const,
    swallowAnswers() {
      isSilent = true;
    },
    cut() {
      isSilent = false;
      for (const socket of sockets) socket.destroy();
    },
  };
}
