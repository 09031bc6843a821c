/**
 * What is known of the store, which holds the account's record for all its daemons: whether it holds what we know, when
 * we looked, and when it may be tried again while it does not work.
 */
import type { Context } from '../context.ts';
import { backoffDelay, type Failure } from '../failure.ts';
import type { AccountRecord } from '../record.ts';
import { type Instant, SECOND } from '../time.ts';
import { without } from '../without.ts';

/** The store can be neither locked nor written. Only what must be written down first waits for it. */
interface StoreTrouble {
  readonly failures: number;
  readonly failure: Failure;
  /** Monotonic ms from which on the store may be tried again. */
  readonly retryAt: number;
}

export interface StoreState {
  /** Whether the store holds the very record that we know. */
  readonly saved: boolean;
  /** Monotonic ms at which we last read the store. */
  readonly lookedAt: number;
  /** Monotonic ms at which something last told us that the store may have changed. */
  readonly invalidatedAt: number;
  /** When the store last showed a record that was no older than ours. */
  readonly seenAt?: Instant;
  readonly trouble?: StoreTrouble;
  /** Since when the store lacks something that we know, or can be neither locked nor written. */
  readonly behindSince?: Instant;
  /** Generation of the token that the store was last known to hold. */
  readonly holds?: number;
}

const NEVER = Number.NEGATIVE_INFINITY;

/** A daemon that begins has nothing to save, and has not looked yet. */
export const UNREAD_STORE: StoreState = { saved: true, lookedAt: NEVER, invalidatedAt: NEVER };

/** The net below the watch on the store, for volumes where events never come, ms. */
export const LOOK_AGAIN = 30 * SECOND;

/** A store that does not work is tried again at least this often: it may be all that a due fetch waits for. */
const STORE_AGAIN = 30 * SECOND;

/** We looked, and found nothing that is as new as what we know. */
export function looked(store: StoreState, found: AccountRecord | undefined, now: Instant): StoreState {
  return { ...holding(store, found), lookedAt: now.monotonic };
}

/** We looked, and took over what the store holds. */
export function seen(store: StoreState, found: AccountRecord, now: Instant): StoreState {
  return { ...holding(store, found), lookedAt: now.monotonic, seenAt: now, saved: true };
}

/** We looked, and the store holds what it held at the last look. */
export function lookedAgain(store: StoreState, now: Instant): StoreState {
  return { ...store, lookedAt: now.monotonic, ...(store.seenAt && { seenAt: now }) };
}

/** The store is known to hold this record. */
export function holding(store: StoreState, record: AccountRecord | undefined): StoreState {
  const generation = record?.token?.generation;
  return generation === undefined ? without(store, 'holds') : { ...store, holds: generation };
}

/** The store, with the time since which it is behind what we know. */
export function dated(store: StoreState, now: Instant): StoreState {
  const isBehind = !store.saved || store.trouble !== undefined;
  if (isBehind === (store.behindSince !== undefined)) return store;
  return isBehind ? { ...store, behindSince: now } : without(store, 'behindSince');
}

/**
 * What else we know of a look once its result is taken over.
 * @param asOf monotonic ms at which the read began
 * @param isPartial the record is there, but not everything that goes with it
 */
export function finishedLook(
  store: StoreState,
  { asOf, isPartial }: { readonly asOf?: number; readonly isPartial?: boolean },
): StoreState {
  // What was read may be older than the change that was announced meanwhile.
  const isStale = asOf !== undefined && store.invalidatedAt >= asOf;
  return { ...store, saved: store.saved && !isPartial, ...(isStale && { lookedAt: NEVER }) };
}

/** The store is to be looked at again as soon as possible. */
export function toBeLookedAt(store: StoreState): StoreState {
  return { ...store, lookedAt: NEVER };
}

/** Something says that the store may have changed. */
export function invalidated(store: StoreState, { monotonic }: Instant): StoreState {
  return { ...store, lookedAt: NEVER, invalidatedAt: monotonic };
}

/** What we know is more than the store holds. */
export function unsaved(store: StoreState): StoreState {
  return { ...store, saved: false };
}

/** The store could be neither locked nor written. */
export function unusable(
  store: StoreState,
  failure: Failure,
  { now, random }: Pick<Context, 'now' | 'random'>,
): StoreState {
  const failures = (store.trouble?.failures ?? 0) + 1;
  const delay = Math.min(backoffDelay(failure.backoff, failures, random), STORE_AGAIN);
  return { ...store, trouble: { failures, failure, retryAt: now.monotonic + delay } };
}

/** The store works again. */
export function usable(store: StoreState): StoreState {
  return without(store, 'trouble');
}

/** Whoever saves what has just come needs the lock for a moment; ms. */
const SAVING = 10 * SECOND;

/** Since when the store has been behind, once that is more than the moment that saving takes. */
export function behindSince({ behindSince: since, trouble }: StoreState, now: Instant): Instant | undefined {
  if (!since) return undefined;
  return trouble || now.monotonic - since.monotonic >= SAVING ? since : undefined;
}

/** Milliseconds until the store is to be looked at again, whether or not anything says that it has changed. */
export function untilLook({ lookedAt }: StoreState, now: Instant): number {
  return LOOK_AGAIN - (now.monotonic - lookedAt);
}

/** Milliseconds until a store that does not work may be tried again; 0 when nothing is wrong with it. */
export function untilRetry({ trouble }: StoreState, now: Instant): number {
  return Math.max(0, (trouble?.retryAt ?? 0) - now.monotonic);
}
