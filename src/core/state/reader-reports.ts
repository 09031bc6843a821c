import type { AccountRecord } from '../record.ts';
import { type Instant, MINUTE } from '../time.ts';

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

/** A token refused so soon after it replaced a refused one was killed by someone else. */
const RIVAL_AGE = 10 * MINUTE;

/**
 * What a refusal comes to.
 * - `behind`: it is about a token that was replaced; the reader has to read again
 * - `asked`: the platform is asked
 * - `pending`: it is being asked already
 * - `rival`: asked as well, but a token that had just replaced a refused one is refused again
 * - `quiet`: asking did not help twice, so nothing more is done about it
 * - `mirror`: another program fetches this token, and is the one to tell
 */
export type RefusalVerdict = 'behind' | 'asked' | 'pending' | 'rival' | 'quiet' | 'mirror';

/** Of a refusal of the current token. */
export function judgeRefusal(
  { refusals, record }: { readonly refusals?: Refusals; readonly record: AccountRecord },
  now: Instant,
): RefusalVerdict {
  if (refusals?.suspicion) return 'pending';
  if (refuse(refusals, now.monotonic).suspicion === undefined) return 'quiet';
  const age = now.wall - (record.token?.issuedAt ?? 0);
  const again = refusals !== undefined && now.monotonic - refusals.lastAt < FORGIVEN;
  return again && age < RIVAL_AGE ? 'rival' : 'asked';
}

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
