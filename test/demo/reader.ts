import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

/** Between two calls, in ms. */
export const PACE = 250;

/** A replacement may be half a blink away when a forced refresh ends the token in hand; in ms. */
const SECOND_THOUGHT = 1_000;

/** The answers that speak of the token. */
const REFUSALS: readonly unknown[] = [40001, 40014, 42001];

export interface Counts {
  readonly calls: number;
  /** Calls that were refused, also after the file had been read again. */
  readonly refused: number;
  /** Calls that were good after the file had been read again. */
  readonly repeated: number;
  /** Readings that found the file gone or empty once it had been there. */
  readonly badReads: number;
}

export interface Reader {
  counts(): Counts;
  stop(): Promise<void>;
}

/** An app as it should be: reads the file at each use, keeps the last good value, and after a refusal reads once more. */
export function startReader(path: string, baseUrl: string): Reader {
  const counts = { calls: 0, refused: 0, repeated: 0, badReads: 0 };
  const stopping = new AbortController();
  let good = '';

  async function token(): Promise<string> {
    const read = await readFile(path, 'utf8').catch(() => '');
    if (read === '' && good !== '') counts.badReads += 1;
    good = read || good;
    return good;
  }

  async function isRefused(): Promise<boolean> {
    const query = new URLSearchParams({ access_token: await token() });
    counts.calls += 1;
    const url = `${baseUrl}/cgi-bin/getcallbackip?${query}`;
    const answer: unknown = await (await fetch(url, { signal: stopping.signal })).json();
    const errcode = typeof answer === 'object' && answer && 'errcode' in answer ? answer.errcode : 0;
    return REFUSALS.includes(errcode);
  }

  async function use(): Promise<void> {
    if ((await token()) === '' || !(await isRefused())) return;
    await pause(SECOND_THOUGHT, undefined, { signal: stopping.signal });
    counts[(await isRefused()) ? 'refused' : 'repeated'] += 1;
  }

  async function work(): Promise<void> {
    while (!stopping.signal.aborted) {
      // A platform that does not answer, or not with JSON, says nothing about the token.
      await use().catch(() => undefined);
      await pause(PACE, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  const done = work();
  return {
    counts: () => ({ ...counts }),
    async stop() {
      stopping.abort();
      await done;
    },
  };
}
