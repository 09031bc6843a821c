import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { seeded } from '../support/clock.ts';
import { contentOf } from '../support/files.ts';
import type { AtEnd } from '../support/program.ts';
import type { Account } from './accounts.ts';

/** A call with a token that the platform refused. */
export interface Refusal {
  readonly account: Account;
  /** When the token was read, and when it was refused, epoch ms. */
  readonly from: number;
  readonly until: number;
  readonly errcode: unknown;
}

export interface Readings {
  readonly reads: number;
  readonly calls: number;
  /** How often somebody found another token than before. */
  readonly changes: number;
  /** Empty, half or missing after the first success: what nobody may ever read. */
  readonly bad: readonly string[];
  readonly refusals: readonly Refusal[];
}

export interface Readers {
  readonly stop: () => Promise<Readings>;
}

/** So many read at once. */
const READERS = 8;
/** Every so manyth token that is read is used for a call. */
const CALLED = 12;
/** Between two reads of one reader, ms: the platform lives in the same process. */
const BREATH = 4;
const WHOLE = /^\d+_[\w-]{120,}$/;

/** Readers that read all the time, in an order of their own, and use what they read. */
export function startReaders(accounts: readonly Account[], url: string, seed: number, atEnd: AtEnd): Readers {
  const random = seeded(seed);
  const known = new Map<string, string>();
  const bad: string[] = [];
  const refusals: Refusal[] = [];
  const counts = { reads: 0, calls: 0, changes: 0 };
  let stopped = false;

  async function read(account: Account): Promise<void> {
    const before = known.get(account.name);
    const from = Date.now();
    const token = await contentOf(account.file);
    counts.reads += 1;
    if (token === undefined && before === undefined) return;
    if (token === undefined || !WHOLE.test(token)) {
      bad.push(`${account.name}: ${token === undefined ? 'missing' : `${token.length} odd characters`}`);
      return;
    }
    const details = await contentOf(`${account.file}.json`);
    if (!isWhole(details))
      bad.push(`${account.name}: the details are ${details === undefined ? 'missing' : 'not whole'}`);
    if (token !== known.get(account.name)) counts.changes += 1;
    known.set(account.name, token);
    if (counts.reads % CALLED === 0) await use(account, token, from);
  }

  async function use(account: Account, token: string, from: number): Promise<void> {
    counts.calls += 1;
    const { body } = await request(
      `${url}/cgi-bin/get_api_domain_ip?access_token=${encodeURIComponent(token)}`,
    );
    const answer: unknown = await body.json().catch(() => ({ errcode: 'no JSON' }));
    const { errcode } = answer as { errcode?: unknown };
    if (errcode) refusals.push({ account, from, until: Date.now(), errcode });
  }

  async function loop(): Promise<void> {
    while (!stopped) {
      const account = accounts[Math.floor(random() * accounts.length)];
      if (account) await read(account);
      await delay(BREATH);
    }
  }
  const loops = Promise.all(Array.from({ length: READERS }, loop));
  const stop = async () => {
    stopped = true;
    await loops;
    return { ...counts, bad, refusals };
  };
  atEnd(async () => {
    await stop();
  });
  return { stop };
}

function isWhole(details: string | undefined): boolean {
  try {
    return WHOLE.test(String(JSON.parse(details ?? '').access_token));
  } catch {
    return false;
  }
}
