import { setTimeout as delay } from 'node:timers/promises';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { AtEnd } from '../support/program.ts';
import { call } from '../support/restless-reader.ts';

/** What came of reading a key of Redis over and over, as an SDK does before each call. */
export interface KeyReadings {
  readonly reads: number;
  /** Every value read, in order of their first appearance. */
  readonly values: readonly string[];
  /** How often the key was found missing after it had been there; a gap of many reads counts once. */
  readonly gaps: number;
  /** How long it was missing in all, from the first read that missed it to the first that found it, ms. */
  readonly missing: number;
  /** How many reads the server left without an answer. */
  readonly unanswered: number;
  /** What WeChat said to the calls that it did not answer. */
  readonly refused: readonly string[];
}

export interface KeyReader {
  /** Ends it; the readings are final then. */
  readonly stop: () => Promise<KeyReadings>;
}

/** What a reader connects to. */
export type ReadPlace =
  | { readonly port: number }
  | { readonly master: string; readonly sentinel: number }
  | { readonly cluster: readonly number[] };

export interface KeyReaderOptions {
  readonly place: ReadPlace;
  readonly key: string;
  /** Base URL of the platform that is called with every value read. */
  readonly url: string;
}

/** Between two rounds, in ms. */
const BREATH = 20;

const HOST = '127.0.0.1';

/** An app's client: it connects again by itself, and tells at once that a server is away. */
const PATIENCE = {
  ...{ commandTimeout: 1_000, maxRetriesPerRequest: 0, enableOfflineQueue: false },
  retryStrategy: () => 50,
} as const satisfies RedisOptions;

function connect(place: ReadPlace): Redis | Cluster {
  if ('cluster' in place) {
    const nodes = place.cluster.map((port) => ({ host: HOST, port }));
    return new Cluster(nodes, { redisOptions: { commandTimeout: PATIENCE.commandTimeout } });
  }
  if ('sentinel' in place) {
    const sentinels = [{ host: HOST, port: place.sentinel }];
    return new Redis({ ...PATIENCE, sentinels, name: place.master, sentinelRetryStrategy: () => 50 });
  }
  return new Redis({ ...PATIENCE, host: HOST, port: place.port });
}

export function startKeyReader({ place, key, url }: KeyReaderOptions, atEnd: AtEnd): KeyReader {
  const client = connect(place);
  // Without a listener the client prints what each read tells anyway.
  client.on('error', () => {});
  let stopped = false;
  const values = new Set<string>();
  const refused: string[] = [];
  const counts = { reads: 0, gaps: 0, missing: 0, unanswered: 0 };
  let missingSince: number | undefined;

  async function round(): Promise<void> {
    const at = performance.now();
    const value = await client.get(key).catch(() => undefined);
    // A server that is away says nothing of the key.
    if (value === undefined) {
      counts.unanswered += 1;
      return;
    }
    counts.reads += 1;
    if (value === null) {
      if (values.size > 0 && missingSince === undefined) {
        counts.gaps += 1;
        missingSince = at;
      }
      return;
    }
    if (missingSince !== undefined) counts.missing += performance.now() - missingSince;
    missingSince = undefined;
    values.add(value);
    const answer = await call(url, value);
    if (answer !== 'served') refused.push(answer);
  }

  async function loop(): Promise<void> {
    while (!stopped) {
      await round();
      await delay(BREATH);
    }
    if (missingSince !== undefined) counts.missing += performance.now() - missingSince;
  }

  const ended = loop();
  const stop = async () => {
    stopped = true;
    await ended;
    client.disconnect();
    return { ...counts, values: [...values], refused };
  };
  atEnd(async () => {
    await stop();
  });
  return { stop };
}
