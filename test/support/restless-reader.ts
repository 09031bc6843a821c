import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { contentOf } from './files.ts';
import type { AtEnd } from './program.ts';

/** What came of reading a published token over and over. */
export interface Readings {
  readonly reads: number;
  /** Every value read, in order of their first appearance. */
  readonly values: readonly string[];
  /** What was wrong with a read: empty, half, or missing after the first success. */
  readonly bad: readonly string[];
  /** What WeChat said to the calls that it did not answer. */
  readonly refused: readonly string[];
  /** When each of the values that were refused had been read, monotonic ms. */
  readonly refusedAt: readonly number[];
}

export interface RestlessReader {
  readonly readings: () => Readings;
  /** Ends it; the readings are final then. */
  readonly stop: () => Promise<Readings>;
}

export interface RestlessReaderOptions {
  readonly file: string;
  /** Base URL of the platform that is called with every value read; without one the file is only read. */
  readonly url?: string;
}

/** Between two rounds, in ms. Reading faster would find no more here: half files are looked for by `test/system/fs/crash.slow.test.ts`. */
const BREATH = 10;

/** A whole token: whoever reads half of one, or anything else, does not match. */
const WHOLE = /^\d+_[\w-]{120,}$/;

/**
 * The most demanding app there is: it reads the token before every call, the details after every read, and never
 * keeps anything.
 */
export function startRestlessReader({ file, url }: RestlessReaderOptions, atEnd: AtEnd): RestlessReader {
  let stopped = false;
  let reads = 0;
  const values = new Set<string>();
  const bad: string[] = [];
  const refused: string[] = [];
  const refusedAt: number[] = [];
  const readings = () => ({ reads, values: [...values], bad, refused, refusedAt });

  async function round(): Promise<void> {
    const at = performance.now();
    const value = await contentOf(file);
    reads += 1;
    if (value === undefined && values.size === 0) return;
    if (value === undefined || !WHOLE.test(value)) {
      bad.push(value === undefined ? 'the file is missing' : `the file holds ${value.length} odd characters`);
      return;
    }
    values.add(value);
    const details = await contentOf(`${file}.json`);
    if (!isWhole(details)) bad.push(`the details are ${details === undefined ? 'missing' : 'not whole'}`);
    if (url === undefined) return;
    const answer = await call(url, value);
    if (answer === 'served') return;
    refused.push(answer);
    refusedAt.push(at);
  }

  async function loop(): Promise<void> {
    while (!stopped) {
      await round();
      await delay(BREATH);
    }
  }

  const ended = loop();
  const stop = async () => {
    stopped = true;
    await ended;
    return readings();
  };
  atEnd(async () => {
    await stop();
  });
  return { readings, stop };
}

function isWhole(details: string | undefined): boolean {
  try {
    return WHOLE.test(String(JSON.parse(details ?? '').access_token));
  } catch {
    return false;
  }
}

/** A business call as an app makes it. */
export async function call(url: string, token: string): Promise<string> {
  const { body } = await request(`${url}/cgi-bin/getcallbackip?access_token=${encodeURIComponent(token)}`);
  const answer: { readonly ip_list?: unknown; readonly errcode?: number } = JSON.parse(await body.text());
  return Array.isArray(answer.ip_list) ? 'served' : `errcode ${answer.errcode}`;
}
