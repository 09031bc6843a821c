import type { Answer, BootTime, Token } from './credential.ts';
import type { Policy } from './policy.ts';
import type { State } from './state.ts';
import { type Deadline, HOUR, type Instant, MINUTE, remaining, SECOND } from './time.ts';

/** A value that comes back until it ends is asked for once before, since it may be replaced early; ms. */
const EARLY = MINUTE;

/** The platform tells what is left in whole seconds, so the end comes up to one later than it said. */
const FLOORED = SECOND;

/** How often a value that should have ended is asked for: every few seconds at first, each minute in the end; ms. */
const SHORTEST_PAUSE = 3 * SECOND;
const LONGEST_PAUSE = MINUTE;

/** A value of unknown age is asked for so often, or every quarter of a shorter life, until it changes; ms. */
const UNKNOWN_AGE = HOUR / 2;

/** From so long before its believed end on, a value that comes back until it ends is asked for. Milliseconds. */
export function earlyBy({ expiresIn }: Token): number {
  return Math.min(EARLY, (expiresIn * SECOND) / 4);
}

/** The pause after the same value came back, by what it has left; ms. */
export function pauseBefore(end: Deadline, token: Token, now: Instant): number {
  const left = remaining(end, now);
  if (left > earlyBy(token)) return 0;
  if (left > 0) return left + FLOORED;
  return Math.min(LONGEST_PAUSE, Math.max(SHORTEST_PAUSE, -left / 10));
}

/** How often a value is asked for of which only the longest life is known; undefined where its age is known. */
export function recheckOf({ unwitnessed, expiresIn }: Token): number | undefined {
  return unwitnessed ? Math.min(UNKNOWN_AGE, (expiresIn * SECOND) / 4) : undefined;
}

/** When a value that has just come for the first time was born at the latest. */
export interface Birth extends Instant {
  readonly unwitnessed?: true;
}

/**
 * Where `expires_in` is always the full life, it counts from the moment at which the platform changed the value, and
 * only who saw the value before it knows when that was: not before the last time that it came back. A value met for
 * the first time may be of any age.
 */
export function birthOf({ expiresIn }: Answer, startedAt: Instant, state: State, policy: Policy): Birth {
  if (policy.repeats !== 'with-whole-life') return startedAt;
  const { confirmedAt } = state;
  const unseen = startedAt.monotonic - (confirmedAt ?? Number.NEGATIVE_INFINITY);
  // It may have changed more than once meanwhile, or nobody looked at all.
  if (unseen >= (expiresIn * SECOND) / 2) return { ...startedAt, unwitnessed: true };
  return { ...startedAt, wall: startedAt.wall - unseen, monotonic: startedAt.monotonic - unseen };
}

/** The birth on the monotonic clock, for those who run on the same start of the same machine. */
export function bootTimeOf({ boot, monotonic }: Instant): { readonly bootTime?: BootTime } {
  return boot === undefined ? {} : { bootTime: { boot, at: Math.round(monotonic) } };
}
