import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, type TestContext } from 'vitest';
import { stringify } from 'yaml';
import type { JournalEntry } from '../../src/sandbox/index.ts';
import { APP_ID, ENDPOINT, sha256, type Type, type Workbench, workbench } from '../e2e/workbench.ts';
import { type Program, startProgram } from '../support/program.ts';
import {
  type RedisOptions,
  type RedisServer,
  startCluster,
  startRedis,
  startSentinel,
} from '../support/redis-server.ts';
import { type RestlessReader, startRestlessReader } from '../support/restless-reader.ts';
import { eventually } from '../support/wait.ts';
import { type FakeWallClock, fakeWallClock } from './clock.ts';
import { expectForwardOnly, type FollowedJournal, followJournal, type History, watchFile } from './fleet.ts';
import { type KeyReader, type ReadPlace, startKeyReader } from './key-reader.ts';
import type { Refreshed } from './refreshing.ts';
import type { Row } from './table.ts';

/** A daemon of a machine of its own: nothing is shared but Redis. */
export interface Machine {
  readonly name: string;
  readonly file: string;
  readonly feedback: string;
  readonly history: History;
  readonly reader: RestlessReader;
  /** The daemon that runs there now. */
  daemon(): Program;
  /** Starts another one, after the one before has ended. */
  start(): Program;
  /** Any command with the configuration of the daemon, to its end. */
  command(args: readonly string[]): Promise<Refreshed>;
}

export interface RedisFleet extends Workbench {
  /** The only server, the first master, or a node of the Cluster. */
  readonly redis: RedisServer;
  /** Its replica, or the other nodes of the Cluster. */
  readonly otherServers: readonly RedisServer[];
  readonly machines: readonly Machine[];
  readonly journal: FollowedJournal;
  /** Waits for so many calls for a token in all. */
  calls(count: number): Promise<readonly JournalEntry[]>;
  /** Reads the key into which all publish. */
  readonly keyReader: KeyReader;
  /** The published key: its value, and how long it lasts, ms; undefined while there is none, or no server answers. */
  published(): Promise<{ readonly value: string; readonly life: number } | undefined>;
  /** Sets the wall clock of the server; only where the fleet was made with `hasOwnClock`. */
  setServerClock(time: string): Promise<void>;
  /** Waits until all of these files, and the key, hold the newest token, and tells which that is. */
  settled(among?: readonly Machine[]): Promise<string>;
  /** The machine whose daemon waits for an answer of the platform, as soon as there is one. */
  asking(): Promise<Machine>;
  /** Holds back the answer to the next call for a token, ms. */
  holdBack(ms: number): Promise<void>;
  /** The key of the stored record. */
  readonly key: string;
  /** The stored record, by the only server or the one that is given; undefined while there is none. */
  record(from?: RedisServer): Promise<{ readonly generation: number; readonly intent?: unknown } | undefined>;
}

export interface RedisFleetOptions {
  readonly type?: Type;
  readonly size?: number;
  readonly rules?: Parameters<typeof workbench>[1];
  readonly redis?: RedisOptions;
  /** Whether the wall clock of the server can be set. */
  readonly hasOwnClock?: boolean;
  /** What the daemons connect to: a server, Sentinels of a master with a replica, or a Cluster of three. */
  readonly place?: 'server' | 'sentinel' | 'cluster';
  readonly credential?: Readonly<Record<string, unknown>>;
}

const PREFIX = 'wx-token-sidecar:';

/** Where all publish, as an SDK would look for it. */
const PUBLISHED = `wx:access_token:${APP_ID}`;

/** So that a server tells of what others do to the key. */
const TELLS = 'notify-keyspace-events Kg$xe';

interface Place {
  readonly servers: readonly [RedisServer, ...RedisServer[]];
  /** The entry of `redis` without its name. */
  readonly connection: Readonly<Record<string, unknown>>;
  readonly readers: ReadPlace;
}

async function startPlace(ctx: TestContext, { place, redis }: RedisFleetOptions): Promise<Place> {
  if (place === 'cluster') {
    const [first, ...rest] = await startCluster(ctx);
    if (!first) throw new TypeError('a Cluster has nodes');
    return {
      servers: [first, ...rest],
      connection: { cluster: [first, ...rest].map(({ port }) => `127.0.0.1:${port}`) },
      readers: { cluster: [first, ...rest].map(({ port }) => port) },
    };
  }
  const server = await startRedis(ctx, { ...redis, config: [TELLS, ...(redis?.config ?? [])] });
  if (place !== 'sentinel')
    return {
      servers: [server],
      connection: { url: `redis://127.0.0.1:${server.port}` },
      readers: { port: server.port },
    };
  const replica = await startRedis(ctx, { config: [TELLS, `replicaof 127.0.0.1 ${server.port}`] });
  await eventually(async () => (await replica.cli('info', 'replication')).includes('master_link_status:up'));
  const port = await startSentinel(ctx, 'main', server);
  return {
    servers: [server, replica],
    connection: { sentinel: { master: 'main', nodes: [`127.0.0.1:${port}`] } },
    readers: { master: 'main', sentinel: port },
  };
}

/** The allocator of redis-server asks for the time before the library that lies about it is ready: that of libc does not. */
function clockOf({ env }: FakeWallClock): FakeWallClock['env'] {
  return { ...env, LD_PRELOAD: `${env['LD_PRELOAD']} libc.so.6` };
}

export async function redisFleet(ctx: TestContext, options: RedisFleetOptions = {}): Promise<RedisFleet> {
  const { type = 'access-token', size = 3, rules = {}, credential = {} } = options;
  const atEnd = ctx.onTestFinished;
  const bench = await workbench(atEnd, rules);
  const clock: FakeWallClock | undefined = options.hasOwnClock
    ? await fakeWallClock(bench.folder, ctx.skip)
    : undefined;
  const {
    servers: [redis, ...otherServers],
    connection,
    readers,
  } = await startPlace(
    ctx,
    clock ? { ...options, redis: { ...options.redis, env: clockOf(clock) } } : options,
  );
  const journal = followJournal(bench.sandbox, atEnd);
  const { url: baseUrl } = bench.sandbox;

  async function machine(name: string): Promise<Machine> {
    const [file, feedback] = ['volume/token', 'feedback'].map((path) => join(bench.folder, name, path));
    if (!file || !feedback) throw new TypeError('both have a name');
    await mkdir(feedback, { recursive: true });
    const config = join(bench.folder, name, 'config.yaml');
    const secretFile = join(bench.folder, 'secrets', 'app.secret');
    const document = {
      schedule: '* * * * * *',
      log: { level: 'debug' },
      http: { listen: '127.0.0.1:0' },
      feedback: { directory: feedback },
      platform: { baseUrl },
      redis: [{ name: 'cache', ...connection }],
      state: { redis: { connection: 'cache', prefix: PREFIX } },
      credentials: [
        {
          name: 'shop',
          type,
          appId: APP_ID,
          secretFile,
          publish: [
            { type: 'file', path: file },
            { type: 'redis', connection: 'cache', key: PUBLISHED },
          ],
          ...credential,
        },
      ],
    };
    await writeFile(`${config}.new`, stringify(document));
    await rename(`${config}.new`, config);
    const env = { WXTOKEN_CONFIG: config };
    const start = () => startProgram([], { env }, atEnd);
    let running = start();
    return {
      ...{ name, file, feedback, history: watchFile(file, atEnd) },
      reader: startRestlessReader({ file, url: baseUrl }, atEnd),
      daemon: () => running,
      start() {
        running = start();
        return running;
      },
      async command(args) {
        const program = startProgram(args, { env }, atEnd);
        const { code } = await program.exited;
        return { code, stdout: program.stdout(), stderr: program.stderr() };
      },
    };
  }

  const machines = await Promise.all(Array.from({ length: size }, (_, index) => machine(`machine-${index}`)));
  const host = new URL(baseUrl).host;
  const key = `${PREFIX}{${host}/${type}/${APP_ID}}:record`;

  /** What the server says that has the key: a node of a Cluster without its slot names another, and one that was killed says nothing. */
  async function ask(...command: readonly string[]): Promise<string | undefined> {
    for (const server of [redis, ...otherServers]) {
      const text = await server.cli(...command).catch(() => 'MOVED');
      if (!text.startsWith('MOVED')) return text;
    }
    return undefined;
  }

  async function published() {
    const value = await ask('GET', PUBLISHED);
    return value ? { value, life: Number(await ask('PTTL', PUBLISHED)) } : undefined;
  }

  return {
    ...{ published, keyReader: startKeyReader({ place: readers, key: PUBLISHED, url: baseUrl }, atEnd) },
    async setServerClock(time) {
      if (!clock) throw new TypeError('its clock is the real one');
      await clock.set(time);
    },
    ...{ ...bench, redis, otherServers, machines, journal, key },
    calls: (count) =>
      eventually(
        async () => {
          const fetches = await journal.fetches();
          return fetches.length >= count && fetches;
        },
        { for: `call number ${count}` },
      ),
    settled: (among = machines) =>
      eventually(
        async () => {
          const newest = (await journal.fetches()).at(-1)?.tokenSha256;
          const hashes = among.map(({ history }) => history.seen().at(-1)?.hash);
          if (!newest || hashes.some((hash) => hash !== newest)) return false;
          return sha256((await published())?.value ?? '') === newest && newest;
        },
        { for: 'the newest token in all files and in the key' },
      ),
    asking: () =>
      eventually(() => machines.find((one) => isAsking(one.daemon())), {
        for: 'a daemon that asks the platform',
      }),
    holdBack: (ms) => bench.sandbox.faults([{ kind: 'latency', ms, path: ENDPOINT[type], times: 1 }]),
    async record(from) {
      for (const server of from ? [from] : [redis, ...otherServers]) {
        const text = await server.cli('GET', key);
        // The node of a Cluster that has not the slot names the one that has it.
        if (!text.startsWith('MOVED')) return text === '' ? undefined : JSON.parse(text);
      }
      return undefined;
    },
  };
}

/** Whether a request is under way, by what the daemon said last about it. */
function isAsking(daemon: Program): boolean {
  const said = daemon.log().map(({ message }) => message);
  const began = said.lastIndexOf('asking the platform');
  return (
    began >= 0 && !said.slice(began).some((line) => /^(fetched a new token|the platform returned)/.test(line))
  );
}

export interface RedisExpectation {
  readonly what: string;
  /** How many calls a single daemon makes for the same. */
  readonly single: number;
  /** How many more there are, each for an answer that was lost. */
  readonly more?: 0 | 1;
  /** Those whose daemon was killed, or stood still: their files wait for them. */
  readonly absent?: readonly Machine[];
  /** Whether the server loses the published key, so that readers miss it until it is written again. */
  readonly losesKey?: boolean;
}

/** How long a token of the fleet lives, ms. */
const LIFE = 7_200_000;

/**
 * That the platform was asked as often as by one; that no file was ever anything but a whole token, or went back to an older
 * one; that the key ends with its token, holds the newest one in the end, and was missing only where the server lost it;
 * and that no reader was refused, but for a lost answer: then not before the call that made good for it.
 */
export async function judgeRedis(fleet: RedisFleet, expected: RedisExpectation): Promise<Row> {
  const { what, single, more = 0, absent = [], losesKey = false } = expected;
  const { journal, machines } = fleet;
  const fetches = await journal.fetches();
  expect(fetches).toHaveLength(single + more);
  const readings = await Promise.all(
    machines.map(async (machine) => ({ machine, ...(await machine.reader.stop()) })),
  );
  for (const { bad, reads, machine } of readings) {
    expect(bad).toEqual([]);
    expect(reads).toBeGreaterThan(0);
    expectForwardOnly(machine.history, fetches);
  }
  const last = fetches.at(-1);
  const atKey = await fleet.keyReader.stop();
  const published = await fleet.published();
  expect(sha256(published?.value ?? '')).toBe(last?.tokenSha256);
  expect(published?.life).toBeGreaterThan(0);
  expect(published?.life).toBeLessThanOrEqual(LIFE);
  expect(
    atKey.values.map(sha256).filter((hash) => !fetches.some(({ tokenSha256 }) => tokenSha256 === hash)),
  ).toEqual([]);
  if (!losesKey) expect(atKey.gaps).toBe(0);
  if (more === 0) expect(atKey.refused).toEqual([]);
  if (more === 0) expect(readings.flatMap(({ refused }) => refused)).toEqual([]);
  else expect((await journal.refusals()).filter(({ at }) => at < (last?.at ?? 0))).toEqual([]);
  const refusedOf = (isAbsent: boolean) =>
    readings
      .filter(({ machine }) => absent.includes(machine) === isAbsent)
      .reduce((sum, { refused }) => sum + refused.length, 0);
  return {
    'what happens': what,
    calls: fetches.length,
    'a single daemon': single,
    reads: readings.reduce((sum, { reads }) => sum + reads, 0),
    'bad reads': readings.reduce((sum, { bad }) => sum + bad.length, 0),
    refused: refusedOf(false),
    'refused at who is gone': absent.length > 0 ? refusedOf(true) : undefined,
    'reads of the key': atKey.reads,
    'refused with it': atKey.refused.length,
    'key missing, ms': Math.round(atKey.missing),
    unanswered: atKey.unanswered,
  };
}
