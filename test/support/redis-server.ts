import { execFile, spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as connectSocket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestContext } from 'vitest';
import type { RedisConfig } from '../../src/redis/connection-types.ts';
import { type AtEnd, type Environment, type Program, startProcess } from './program.ts';
import { missing } from './tools.ts';
import { eventually } from './wait.ts';

const execute = promisify(execFile);

export interface RedisOptions {
  /** Lines of redis.conf beside those that it gets anyway. */
  readonly config?: readonly string[];
  /** Listens with TLS alone, with these files. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
  /** Keeps its data through a restart; without it a restart loses everything. */
  readonly persistent?: boolean;
  /** Makes it a node of a Cluster, with its bus on the port that is 10000 above. */
  readonly isNode?: boolean;
  /** What it gets beside PATH and HOME. */
  readonly env?: Environment;
}

/** A redis-server of a test, on a port of 127.0.0.1 and on a Unix socket. It is killed at the end at the latest. */
export interface RedisServer {
  readonly port: number;
  readonly socket: string;
  readonly folder: string;
  pid(): number;
  /** Runs `redis-cli` on it as a user who may do everything. */
  cli(...args: readonly string[]): Promise<string>;
  /** `kill -9`. */
  kill(): Promise<void>;
  /** Stands still, with its connections, until {@link thaw}. */
  freeze(): void;
  thaw(): void;
  /**
   * Starts it again on the same port after {@link kill}.
   * @param until what it is waited for: that it serves, or that it answers while it may still load its data
   */
  restart(until?: 'serving' | 'answering'): Promise<void>;
  /** The configuration of a connection to it. */
  connection(more?: Partial<RedisConfig>): RedisConfig;
}

/** Starts a redis-server, or skips the test where there is none. */
export async function startRedis(ctx: Skipping, options: RedisOptions = {}): Promise<RedisServer> {
  if (spawnSync('redis-server', ['--version']).status !== 0) return ctx.skip(missing('redis-server'));
  return await startRedisServer(options, ctx.onTestFinished);
}

export type Skipping = Pick<TestContext, 'skip' | 'onTestFinished'>;

function startRedisServer(options: RedisOptions, atEnd: AtEnd): Promise<RedisServer> {
  return onFreePort((port) => startOn(port, options, atEnd));
}

/** Starts something on a port; whoever else looked for a free one at the same moment may have taken it meanwhile. */
async function onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (tries === MOST_TRIES || !/Address already in use/.test((error as Error).message)) throw error;
    }
  }
}

const MOST_TRIES = 5;

/** @throws {Error} with what the server said, when it ends before it serves */
async function startOn(port: number, options: RedisOptions, atEnd: AtEnd): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'wx-redis-'));
  atEnd(() => rm(folder, { recursive: true, force: true }));
  const socket = join(folder, 'redis.sock');
  const file = join(folder, 'redis.conf');
  const { tls } = options;
  const ports = tls
    ? [
        ...['port 0', `tls-port ${port}`, `tls-cert-file ${tls.cert}`, `tls-key-file ${tls.key}`],
        ...[`tls-ca-cert-file ${tls.ca}`, 'tls-replication yes'],
      ]
    : [`port ${port}`];
  const node = ['cluster-enabled yes', 'cluster-node-timeout 2000', `cluster-port ${port + BUS}`];
  const lines = [
    ...['bind 127.0.0.1', 'protected-mode no', `dir ${folder}`, `unixsocket ${socket}`, 'daemonize no'],
    ...[options.persistent ? 'appendonly yes' : 'save ""', 'appendfsync always', ...ports],
    ...(options.isNode ? node : []),
    ...(options.config ?? []),
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  let program: Program;
  /** How the server that was started last has ended, if it has. */
  let ended: unknown;

  // Else a test would say minutes later that nobody listens, and not why.
  const obituary = () =>
    new Error(`redis-server has ended (${JSON.stringify(ended)}): ${program.stdout().slice(-2000)}`);

  async function start(until: 'serving' | 'answering' = 'serving'): Promise<void> {
    const started = startProcess('redis-server', [file], { env: options.env ?? {} }, atEnd);
    program = started;
    ended = undefined;
    void started.exited.then((end) => {
      if (program === started) ended = end;
    });
    const isUp = (answer: string) =>
      answer !== '' && (until === 'answering' || !answer.startsWith('-LOADING'));
    await eventually(async () => ended !== undefined || isUp(await answerTo(socket, 'PING')), {
      for: 'redis-server to serve',
    });
    if (ended !== undefined) throw obituary();
  }
  await start();

  const server: RedisServer = {
    port,
    socket,
    folder,
    pid: () => program.pid,
    async cli(...args) {
      if (ended !== undefined) throw obituary();
      return (await execute('redis-cli', ['-s', socket, '--no-auth-warning', ...args])).stdout.trim();
    },
    async kill() {
      program.signal('SIGKILL');
      await program.exited;
      await rm(socket, { force: true });
    },
    freeze: () => program.signal('SIGSTOP'),
    thaw: () => program.signal('SIGCONT'),
    restart: start,
    connection: (more = {}) => ({
      ...{ name: 'cache', database: 0, endpoint: { kind: 'server', address: { host: '127.0.0.1', port } } },
      ...more,
    }),
  };
  return server;
}

/** Three Sentinels are not needed to see how a client follows one: it watches the master of that name. */
export function startSentinel(ctx: Skipping, name: string, master: RedisServer): Promise<number> {
  return onFreePort(async (port) => {
    const folder = await mkdtemp(join(tmpdir(), 'wx-sentinel-'));
    ctx.onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, 'sentinel.conf');
    const lines = [
      ...[`port ${port}`, 'bind 127.0.0.1', 'protected-mode no', `dir ${folder}`],
      ...[
        `sentinel monitor ${name} 127.0.0.1 ${master.port} 1`,
        `sentinel down-after-milliseconds ${name} 1000`,
      ],
      `sentinel failover-timeout ${name} 3000`,
    ];
    await writeFile(file, `${lines.join('\n')}\n`);
    const program = startProcess('redis-server', [file, '--sentinel'], {}, ctx.onTestFinished);
    const ended = program.exited.then((end) => {
      throw new Error(`the Sentinel has ended (${JSON.stringify(end)}): ${program.stdout().slice(-2000)}`);
    });
    const isKnown = eventually(
      async () => {
        const { stdout } = await execute('redis-cli', ['-p', `${port}`, 'sentinel', 'masters']);
        return stdout.includes(name);
      },
      { for: 'the Sentinel to know its master' },
    );
    // Whichever comes later is nobody's any more.
    for (const outcome of [ended, isKnown]) outcome.catch(() => {});
    await Promise.race([isKnown, ended]);
    return port;
  });
}

/** A Cluster of three masters, each with a third of the slots. */
export async function startCluster(ctx: Skipping, count = 3): Promise<readonly RedisServer[]> {
  const nodes: RedisServer[] = [];
  for (let index = 0; index < count; index += 1) nodes.push(await startRedis(ctx, { isNode: true }));
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
  const child = spawn('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes'], {
    stdio: 'ignore',
  });
  await new Promise((resolve) => child.once('close', resolve));
  await eventually(
    async () => {
      const infos = await Promise.all(nodes.map((node) => node.cli('cluster', 'info')));
      return infos.every((info) => info.includes('cluster_state:ok'));
    },
    { for: 'the Cluster to be well' },
  );
  return nodes;
}

/**
 * What a server says first to a command, or nothing while nobody listens. That it listens is too little: it does before it
 * has read its data, and ends if a test changes these meanwhile.
 */
function answerTo(path: string, command: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectSocket(path, () => socket.write(`${command}\r\n`));
    socket.setTimeout(STANDING, () => socket.destroy());
    socket.once('data', (data) => [socket.destroy(), resolve(String(data))]);
    socket.once('error', () => resolve(''));
    socket.once('close', () => resolve(''));
  });
}

/** A server that takes a connection and says nothing for so long, ms, stands still. */
const STANDING = 5_000;

/** Where a Cluster has its bus: so much above the port of a node. */
const BUS = 10_000;

/** Below what systems give to whoever asks for any port, or connects to somewhere: a port is free again after a restart. */
const PORTS = { first: 12_000, count: 10_000 };

/** A port of 127.0.0.1 that nobody has, nor the one that a bus would take. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.first + randomInt(PORTS.count);
    if ((await isFree(port)) && (await isFree(port + BUS))) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const isListening = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => resolve(true));
  });
  if (isListening) await new Promise((resolve) => server.close(resolve));
  return isListening;
}
