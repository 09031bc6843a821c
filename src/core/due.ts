import { forcedObstacle } from './budget.ts';
import type { Answer, BootTime, Token } from './credential.ts';
import type { Policy } from './policy.ts';
import { standing } from './record.ts';
import { ledgerTime } from './state/clock.ts';
import { liveToken, type State } from './state/index.ts';
import { lifeLeft } from './state/life.ts';
import { type Deadline, HOUR, type Instant, MINUTE, remaining, SECOND } from './time.ts';

/** Why a credential is fetched: the `reason` label of `refresh_total`. */
export type Reason =
  | 'requested'
  | 'missing'
  | 'new-secret'
  | 'unfinished'
  | 'expired'
  | 'refused'
  | 'due'
  | 'recheck';

/** Why the platform is to be asked, whatever may hold it up; undefined when it is not. */
export function reasonToFetch(state: State, policy: Policy, now: Instant): Reason | undefined {
  const { record } = state;
  if (policy.follows) return undefined;
  if (state.request.manual) return 'requested';
  if (!record.token) return 'missing';
  if (standing(record.secrets, state.fingerprint) === 'new') return 'new-secret';
  if (record.intent) return 'unfinished';
  if (!liveToken(state, now)) return 'expired';
  if (state.reports.suspicion === 'ask' || refusalForces(state, policy, now)) return 'refused';
  if (untilDue(state, policy, now) <= 0) return 'due';
  return untilRecheck(state, policy, now) <= 0 ? 'recheck' : undefined;
}

/** Milliseconds until the token enters its window, this daemon's share of the spread included. */
export function untilDue(state: State, policy: Policy, now: Instant): number {
  const { token } = state.record;
  const left = lifeLeft(state.life, now);
  if (!token || left === undefined) return 0;
  // That it was handed out again does not move the end at which it is expected to change.
  if (policy.repeats) return remaining(state.life.end ?? now, now) - earlyBy(token);
  const window = policy.windowShrinks
    ? Math.min(policy.window, (token.expiresIn * SECOND) / 3)
    : policy.window;
  // Never at the very edge: the platform may count a second behind, and would hand out the same token once more.
  const spread = Math.min(policy.spread, window / 10) * (0.2 + 0.8 * state.life.jitterSeed);
  return left - window + spread;
}

/**
 * A second destructive fetch kills the token before the last at once, and readers who re-read every minute may still
 * hold that one.
 */
const READERS_PACE = MINUTE + 5 * SECOND;

/**
 * Milliseconds until every reader has had the time to take up a token of which every fetch kills the one before: by
 * the clock that nobody sets, so that one which was set forward does not make it old.
 */
export function untilTakenUp(
  { record: { token }, life: { end } }: State,
  { destructive }: Policy,
  now: Instant,
): number {
  if (!destructive || !token || !end) return 0;
  const born = end.monotonic - token.expiresIn * SECOND;
  return born + Math.min(READERS_PACE, (token.expiresIn * SECOND) / 10) - now.monotonic;
}

export function untilRecheck({ life: { askedAt }, record }: State, policy: Policy, now: Instant): number {
  const recheck = (record.token && recheckOf(record.token)) ?? policy.recheck;
  if (recheck === undefined) return Number.POSITIVE_INFINITY;
  return askedAt === undefined ? 0 : askedAt + recheck - now.monotonic;
}

/** The platform itself confirmed that the token is dead, and the owner allows this remedy. */
export function refusalForces(state: State, policy: Policy, now: Instant): boolean {
  return state.reports.suspicion === 'force' && policy.refusalForces && !obstacleToForce(state, policy, now);
}

/** Why a forced refresh cannot be forced now; undefined when it can. */
export function obstacleToForce(
  state: State,
  { budget }: Policy,
  now: Instant,
): 'store' | 'spacing' | 'forced-budget' | undefined {
  // It kills the token that others hold, so it is written down first.
  if (state.store.trouble) return 'store';
  return forcedObstacle(state.record.ledger, budget.forcedPerDay, ledgerTime(state.clock, now));
}

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
function earlyBy({ expiresIn }: Token): number {
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
function recheckOf({ unwitnessed, expiresIn }: Token): number | undefined {
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
  const { confirmedAt } = state.life;
  const unseen = startedAt.monotonic - (confirmedAt ?? Number.NEGATIVE_INFINITY);
  // It may have changed more than once meanwhile, or nobody looked at all.
  if (unseen >= (expiresIn * SECOND) / 2) return { ...startedAt, unwitnessed: true };
  return { ...startedAt, wall: startedAt.wall - unseen, monotonic: startedAt.monotonic - unseen };
}

/** The birth on the monotonic clock, for those who run on the same start of the same machine. */
export function bootTimeOf({ boot, monotonic }: Instant): { readonly bootTime?: BootTime } {
  return boot === undefined ? {} : { bootTime: { boot, at: Math.round(monotonic) } };
}
