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
}

const FOLLOW = 500;

export function followJournal(sandbox: TestSandbox, atEnd: AtEnd): Journal {
  const endpoints: readonly string[] = Object.values(ENDPOINT);
  const minted = new Set<string>();
  const faults: Record<string, number> = {};
  const forced: { readonly appId: string | null; readonly at: number; toldAt?: number }[] = [];
  let calls = 0;
  let last = 0;
  let ended = false;
  let turn: Promise<void> = Promise.resolve();

  async function catchUp(): Promise<void> {
    for (const { seq, path, outcome, tokenSha256, force, appId, at } of await sandbox.journal(last)) {
      last = seq;
      if (!endpoints.includes(path)) continue;
      calls += 1;
      if (outcome !== 'answered') faults[outcome] = (faults[outcome] ?? 0) + 1;
      if (tokenSha256 === null) continue;
      if (force && !minted.has(tokenSha256)) forced.push({ appId, at });
      minted.add(tokenSha256);
      if (outcome !== 'answered') continue;
      for (const one of forced) if (one.appId === appId) one.toldAt ??= at;
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
    wasForced: (appId, from, until) =>
      forced.some(
        (one) => one.appId === appId && one.at <= until && (one.toldAt ?? Number.POSITIVE_INFINITY) >= from,
      ),
  };
}
