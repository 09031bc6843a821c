import type { Token } from './credential.ts';
import { EMPTY_LEDGER, type Ledger } from './quota.ts';

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
}

export function emptyRecord(account: string): AccountRecord {
  return { account, generation: 0, ledger: EMPTY_LEDGER };
}
