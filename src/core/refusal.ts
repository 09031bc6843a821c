import { MINUTE } from './time.ts';

/**
 * How far the doubts of readers about the current token have been followed up.
 * - `ask`: one ordinary fetch is owed
 * - `probe`: it brought the same token; ask the platform whether that one works
 * - `force`: it does not; only a forced refresh brings another
 */
export type Suspicion = 'ask' | 'probe' | 'force';

/** What readers' refusals have cost lately. Monotonic ms. */
export interface Refusals {
  readonly spent: number;
  readonly lastAt: number;
  readonly suspicion?: Suspicion;
}

/** A reader that refuses whatever it is given costs this many fetches, then nothing. */
const MOST = 2;

/** So long without a refusal, and the next one is a new story: a rival that comes back, not a reader that is broken. */
const FORGIVEN = 30 * MINUTE;

/** A token refused so soon after it was fetched was replaced by someone else. */
export const RIVAL_AGE = 10 * MINUTE;

/** A reader says that the platform refused the current token. */
export function refuse(refusals: Refusals | undefined, monotonic: number): Refusals {
  const spent = !refusals || monotonic - refusals.lastAt >= FORGIVEN ? 0 : refusals.spent;
  if (refusals?.suspicion) return { ...refusals, lastAt: monotonic };
  return spent < MOST
    ? { spent: spent + 1, lastAt: monotonic, suspicion: 'ask' }
    : { spent, lastAt: monotonic };
}

export function settled({ suspicion: _over, ...rest }: Refusals): Refusals {
  return rest;
}
