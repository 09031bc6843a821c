import { emptyLedger, type Ledger } from './budget.ts';
import type { Token } from './credential.ts';
import type { Failure } from './failure.ts';

/**
 * A request that may kill the published token, written down before it is sent. Found again without an outcome (a
 * crash, a lost answer, a lost lock) it says: whatever the token's expiry claims, it may be dying.
 */
export interface Intent {
  /** Epoch ms. */
  readonly at: number;
  readonly forced: boolean;
}

/** What is known of one account, durably: the same in the state folder, and wherever else daemons share it. */
export interface AccountRecord {
  /** Platform, type and appid: a record of another account is never adopted. */
  readonly account: string;
  /** Grows with every write under the lock; of two records the higher is the newer, whatever the clocks say. */
  readonly generation: number;
  readonly token?: Token;
  readonly intent?: Intent;
  readonly ledger: Ledger;
  readonly setback?: Setback;
  /** Fingerprints of the AppSecrets that fetched successfully, the current one last; never the secrets. */
  readonly secrets: readonly string[];
}

/** A fetch writes the record so often: before the request and after it. */
export const ONE_FETCH = 2;

/** @param wall epoch ms */
export function emptyRecord(account: string, wall: number): AccountRecord {
  return { account, generation: 0, ledger: emptyLedger(wall), secrets: [] };
}

/** How many secrets are remembered: a rolling change meets two. */
const REMEMBERED = 5;

export function withSecret(secrets: readonly string[], fingerprint: string | undefined): readonly string[] {
  if (fingerprint === undefined || secrets.at(-1) === fingerprint) return secrets;
  return [...secrets.filter((known) => known !== fingerprint), fingerprint].slice(-REMEMBERED);
}

/**
 * What our own secret is to an account: `new` is one that never fetched here and deserves one call to prove it;
 * `replaced` is one that others have moved on from, so we lag behind a rolling change.
 */
export function standing(
  secrets: readonly string[],
  fingerprint: string | undefined,
): 'current' | 'new' | 'replaced' {
  if (fingerprint === undefined || secrets.length === 0 || secrets.at(-1) === fingerprint) return 'current';
  return secrets.includes(fingerprint) ? 'replaced' : 'new';
}

/**
 * The last attempt that failed, durable until one succeeds: whoever looks at the record sees what is wrong. After a no of
 * the platform all daemons of the account keep the pause that it asks for, and a restart does not forget it. Epoch ms by
 * the ledger's time.
 */
export interface Setback {
  readonly failure: Omit<Failure, 'backoff' | 'effect'>;
  /** Of the secret that was refused. */
  readonly fingerprint?: string;
  readonly at: number;
  /** When the pause ends; `at` of a failure that says nothing about the account, such as a cut cable. */
  readonly until: number;
  /** Attempts that failed in a row, of all daemons of the account, and when the first of them did. */
  readonly failures: number;
  readonly since: number;
}
