/**
 * The durable data of an account. This module is the ground of core: it imports types of data only, so that every
 * decision may import it.
 */
import type { Token } from './credential.ts';
import type { Failure } from './failure.ts';
import type { Listing } from './listing.ts';
import type { Secret } from './secret.ts';

/**
 * Calls by hour, the oldest first: rolling, because when the platform resets its counters is not confirmed. A list, since
 * what V8 makes of an object with numbers for keys takes more than a kilobyte for a day.
 */
export type Hours = readonly HourOfCalls[];

export interface HourOfCalls {
  /** Since the epoch. */
  readonly hour: number;
  readonly calls: number;
}

/** One for all: most accounts are never forced. */
export const NO_CALLS: Hours = [];

/**
 * The calls that the account has spent, durable and shared by all daemons of the account. A daemon writes every call
 * down before it sends it. `budget.ts` counts with it.
 */
export interface Ledger {
  readonly fetches: Hours;
  readonly forced: Hours;
  /** Epoch ms. */
  readonly lastFetch?: number;
  readonly lastForced?: number;
  /** When a refresh that a person asked for last began. */
  readonly lastRequested?: number;
  /**
   * Epoch ms at which the ledger began without a past: nobody knows what was spent before, so its first day is frugal.
   */
  readonly since: number;
}

/** @param wall epoch ms */
export function emptyLedger(wall: number): Ledger {
  return { fetches: NO_CALLS, forced: NO_CALLS, since: wall };
}

/**
 * A request that may kill the published token. The daemon writes it down before it sends the request. An intent that is
 * found without an outcome (after a crash, a lost answer or a lost lock) says that the token may be dying, whatever its
 * expiry claims.
 */
export interface Intent {
  /** Epoch ms. */
  readonly at: number;
  readonly forced: boolean;
}

/**
 * The last attempt that failed. It stays in the record until an attempt succeeds, so that whoever looks at the record
 * sees what is wrong. When the platform itself said no, all daemons of the account keep the pause that its answer asks
 * for, and a restart does not forget it. Times are epoch ms by the ledger's time.
 */
export interface LastFailure {
  readonly failure: Omit<Failure, 'backoff' | 'effect'>;
  /** Fingerprint of the AppSecret with which the attempt was made. */
  readonly fingerprint?: string;
  readonly at: number;
  /** When the pause ends. Equal to `at` for a failure that says nothing about the account, such as a cut cable. */
  readonly until: number;
  /** How many attempts in a row have failed, counting all daemons of the account, and when the first of them did. */
  readonly failures: number;
  readonly since: number;
  /**
   * The platform has said that the authorisation behind the token is gone. It stands whatever the attempts after that have
   * met, until one succeeds.
   */
  readonly unauthorised?: Unauthorised;
}

/** Since when a token has been dead because its authorisation is gone. */
export interface Unauthorised {
  /** Generation of that token. A newer one was fetched by another authorisation. */
  readonly generation: number;
  /** Epoch ms by the ledger's time. */
  readonly at: number;
}

/**
 * What an account has granted to a third party. The refresh token stays the same from refresh to refresh, and another
 * authorisation changes it. It is kept from every answer that holds one; an answer without one says nothing of it.
 */
export interface Grant {
  readonly refreshToken: Secret;
  /** When the account last authorised the third party, epoch ms, as far as the platform has told. */
  readonly authorisedAt?: number;
  /** The mark of the authorisation code that it was fetched with, so that a push that is repeated is known. */
  readonly exchanged?: string;
}

/** The durable record of one account: the same in the state folder, and wherever else daemons share it. */
export interface AccountRecord {
  /** Platform, type and appid. No daemon adopts a record of another account. */
  readonly account: string;
  /**
   * Grows with every write under the lock. Of two records the one with the higher number is newer, whatever clocks say.
   */
  readonly generation: number;
  readonly token?: Token;
  readonly intent?: Intent;
  readonly ledger: Ledger;
  readonly lastFailure?: LastFailure;
  /** Of an account that has authorised a third party. */
  readonly grant?: Grant;
  /** Of a third party whose accounts are served as the platform lists them. */
  readonly listing?: Listing;
  /** When the platform was last asked to start pushing tickets, epoch ms. */
  readonly pushStartedAt?: number;
  /** Fingerprints of the AppSecrets that fetched successfully, the current one last; never the secrets. */
  readonly secrets: readonly string[];
}

/** Number of record writes per fetch: one before the request, one after. */
export const ONE_FETCH = 2;

/** @param wall epoch ms */
export function emptyRecord(account: string, wall: number): AccountRecord {
  return { account, generation: 0, ledger: emptyLedger(wall), secrets: [] };
}

/** How many AppSecrets the record remembers. A rolling change meets two. */
const REMEMBERED = 5;

/** The remembered AppSecrets after the one with this fingerprint has fetched. */
export function withSecret(secrets: readonly string[], fingerprint: string | undefined): readonly string[] {
  if (fingerprint === undefined || secrets.at(-1) === fingerprint) return secrets;
  return [...secrets.filter((known) => known !== fingerprint), fingerprint].slice(-REMEMBERED);
}

/**
 * How our own AppSecret stands with an account. A `new` one has never fetched here and deserves one call to prove
 * itself. A `replaced` one is one that other daemons have moved on from, so we lag behind a rolling change.
 */
export function standing(
  secrets: readonly string[],
  fingerprint: string | undefined,
): 'current' | 'new' | 'replaced' {
  if (fingerprint === undefined || secrets.length === 0 || secrets.at(-1) === fingerprint) return 'current';
  return secrets.includes(fingerprint) ? 'replaced' : 'new';
}
