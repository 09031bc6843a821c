import { execFile, spawn, spawnSync } from 'node:child_process';
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
  /** The port that it gets; absent: a free one. */
  readonly port?: number;
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
  /** Starts it again on the same port after {@link kill}. */
  restart(): Promise<void>;
  /** The configuration of a connection to it. */
  connection(more?: Partial<RedisConfig>): RedisConfig;
}

/** Starts a redis-server, or skips the test where there is none. */
export async function startRedis(ctx: Skipping, options: RedisOptions = {}): Promise<RedisServer> {
  if (spawnSync('redis-server', ['--version']).status !== 0) return ctx.skip(missing('redis-server'));
  return await startRedisServer(options, ctx.onTestFinished);
}

export type Skipping = Pick<TestContext, 'skip' | 'onTestFinished'>;

async function startRedisServer(options: RedisOptions, atEnd: AtEnd): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'wx-redis-'));
  atEnd(() => rm(folder, { recursive: true, force: true }));
  const port = options.port ?? (await freePort());
  const socket = join(folder, 'redis.sock');
  const file = join(folder, 'redis.conf');
  const { tls } = options;
  const ports = tls
    ? [
        ...['port 0', `tls-port ${port}`, `tls-cert-file ${tls.cert}`, `tls-key-file ${tls.key}`],
        ...[`tls-ca-cert-file ${tls.ca}`, 'tls-replication yes'],
      ]
    : [`port ${port}`];
  const lines = [
    ...['bind 127.0.0.1', 'protected-mode no', `dir ${folder}`, `unixsocket ${socket}`, 'daemonize no'],
    ...[options.persistent ? 'appendonly yes' : 'save ""', 'appendfsync always', ...ports],
    ...(options.config ?? []),
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  let program: Program;
  /** How the server that was started last has ended, if it has. */
  let ended: unknown;

  async function start(): Promise<void> {
    const started = startProcess('redis-server', [file], { env: options.env ?? {} }, atEnd);
    program = started;
    ended = undefined;
    void started.exited.then((end) => {
      if (program === started) ended = end;
    });
    await eventually(() => canConnect(socket), { for: 'redis-server to listen' });
  }
  await start();

  const server: RedisServer = {
    port,
    socket,
    folder,
    pid: () => program.pid,
    async cli(...args) {
      // Else a test would say minutes later that nobody listens, and not why.
      if (ended)
        throw new Error(
          `redis-server has ended (${JSON.stringify(ended)}): ${program.stdout().slice(-2000)}`,
        );
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
export async function startSentinel(ctx: Skipping, name: string, master: RedisServer): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'wx-sentinel-'));
  ctx.onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const port = await freePort();
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
  startProcess('redis-server', [file, '--sentinel'], {}, ctx.onTestFinished);
  await eventually(
    async () => {
      const { stdout } = await execute('redis-cli', ['-p', `${port}`, 'sentinel', 'masters']);
      return stdout.includes(name);
    },
    { for: 'the Sentinel to know its master' },
  );
  return port;
}

/** A Cluster of three masters, each with a third of the slots. */
export async function startCluster(ctx: Skipping, count = 3): Promise<readonly RedisServer[]> {
  const nodes: RedisServer[] = [];
  for (let index = 0; index < count; index += 1) {
    const port = await freeClusterPort();
    const config = ['cluster-enabled yes', 'cluster-node-timeout 2000', `cluster-port ${port + 10_000}`];
    nodes.push(await startRedis(ctx, { port, config }));
  }
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

function canConnect(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket(path);
    socket.once('connect', () => [socket.destroy(), resolve(true)]);
    socket.once('error', () => resolve(false));
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || !address) throw new Error('no port');
  return address.port;
}

/** Its bus takes the port that is 10000 above. */
async function freeClusterPort(): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (port < 55_000) return port;
  }
}
