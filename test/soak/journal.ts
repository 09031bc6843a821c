import { setTimeout as delay } from 'node:timers/promises';
import { ENDPOINT } from '../e2e/workbench.ts';
import type { AtEnd } from '../support/program.ts';
import type { TestSandbox } from '../support/sandbox.ts';

/** What the platform has seen, kept small: the sandbox itself forgets. */
export interface Journal {
  /** Brings it up to date. */
  readonly read: () => Promise<void>;
  readonly calls: () => number;
  /** Tokens handed out. */
  readonly minted: () => number;
  /** Calls that met a fault, by its kind. */
  readonly faults: () => Readonly<Record<string, number>>;
  /**
   * Whether between these times, epoch ms, a token of this account had been replaced by force and the daemon had not
   * been told by what: an answer that was lost is made up for by the next one that is not.
   */
  readonly wasForced: (appId: string, from: number, until: number) => boolean;
  /** The same of every replacement whose answer was lost, and of outages. */
  readonly wasLost: (appId: string, from: number, until: number) => boolean;
}

/** So many answers in a row that were none are an outage: lives are short here, and pauses between attempts are not. */
const OUTAGE = 3;

/** Of which the daemon was not told: a token that replaced another one by force or in a lost answer, or an outage. */
interface Replacement {
  readonly appId: string | null;
  readonly at: number;
  readonly force: boolean;
  /** When the daemon had the next whole answer. */
  toldAt?: number;
}

function isOpen({ at, toldAt, ...of }: Replacement, appId: string, from: number, until: number): boolean {
  return of.appId === appId && at <= until && (toldAt ?? Number.POSITIVE_INFINITY) >= from;
}

const FOLLOW = 500;

export function followJournal(sandbox: TestSandbox, atEnd: AtEnd): Journal {
  const endpoints: readonly string[] = Object.values(ENDPOINT);
  const minted = new Set<string>();
  const faults: Record<string, number> = {};
  const replaced: Replacement[] = [];
  /** Answers in a row that were none, by account. */
  const failed = new Map<string | null, number>();
  let calls = 0;
  let last = 0;
  let ended = false;
  let turn: Promise<void> = Promise.resolve();

  async function catchUp(): Promise<void> {
    for (const { seq, path, outcome, tokenSha256, force, appId, at } of await sandbox.journal(last)) {
      last = seq;
      if (!endpoints.includes(path)) continue;
      calls += 1;
      const isLost = outcome !== 'answered';
      if (isLost) faults[outcome] = (faults[outcome] ?? 0) + 1;
      failed.set(appId, isLost ? (failed.get(appId) ?? 0) + 1 : 0);
      if (failed.get(appId) === OUTAGE) replaced.push({ appId, at, force: false });
      if (tokenSha256 === null) continue;
      if ((force || isLost) && !minted.has(tokenSha256)) replaced.push({ appId, at, force });
      minted.add(tokenSha256);
      if (isLost) continue;
      for (const one of replaced) if (one.appId === appId) one.toldAt ??= at;
    }
  }
  const read = () => {
    turn = turn.then(catchUp);
    return turn;
  };
  async function follow(): Promise<void> {
    while (!ended) {
      await read();
      await delay(FOLLOW);
    }
  }
  const following = follow();
  atEnd(async () => {
    ended = true;
    await following;
  });
  return {
    read,
    calls: () => calls,
    minted: () => minted.size,
    faults: () => faults,
    wasForced: (...between) => replaced.some((one) => one.force && isOpen(one, ...between)),
    wasLost: (...between) => replaced.some((one) => isOpen(one, ...between)),
  };
}
