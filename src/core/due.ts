/**
 * When a fetch is due, why, and whether it may be made by force. `state/attempts.ts` says what holds it back, and until
 * when; `budget.ts` says what the budget of calls allows. `plan.ts` puts the three together.
 */
import { forcedObstacle, untilGathered } from './budget.ts';
import type { Token } from './credential.ts';
import type { Policy } from './policy.ts';
import { standing } from './record.ts';
import { ledgerTime } from './state/clock.ts';
import { untilAsked } from './state/doubts.ts';
import { liveToken, type State } from './state/index.ts';
import { lifeLeft } from './state/life.ts';
import { untilNextRequest } from './state/request.ts';
import { type Deadline, HOUR, type Instant, MINUTE, remaining, SECOND } from './time.ts';

/** Why a credential is fetched: the `reason` label of `refresh_total`. */
export type Reason =
  | 'authorised'
  | 'requested'
  | 'missing'
  | 'new-secret'
  | 'unfinished'
  | 'expired'
  | 'refused'
  | 'due'
  | 'recheck';

/** Why the platform is to be asked, whatever may hold the attempt back; undefined when nothing is due. */
export function reasonToFetch(state: State, policy: Policy, now: Instant): Reason | undefined {
  const { record } = state;
  if (policy.follows) return undefined;
  if (state.authorisation) return 'authorised';
  if (state.request.manual && !postponement(state, policy, now)) return 'requested';
  if (!record.token) return 'missing';
  if (standing(record.secrets, state.fingerprint) === 'new') return 'new-secret';
  if (record.intent) return 'unfinished';
  if (!liveToken(state, now)) return 'expired';
  if (untilAsked(state.doubts, now) === 0 || refusalForces(state, policy, now)) return 'refused';
  if (untilDue(state, policy, now) <= 0) return 'due';
  return untilRecheck(state, policy, now) <= 0 ? 'recheck' : undefined;
}

/** Milliseconds until the token enters its rotation window, this daemon's place in the spread included. */
export function untilDue(state: State, policy: Policy, now: Instant): number {
  const { token } = state.record;
  const left = lifeLeft(state.life, now);
  if (!token || left === undefined) return 0;
  // The platform may have handed the token out again: that does not move the end at which it is expected to change.
  if (policy.repeats) return remaining(state.life.end ?? now, now) - earlyBy(token);
  const window = policy.windowShrinks
    ? Math.min(policy.window, (token.expiresIn * SECOND) / 3)
    : policy.window;
  // Never at the very edge: the platform may count a second behind, and would hand out the same token once more.
  const spread =
    Math.min(policy.spread, window * (policy.spreadShare ?? 0.1)) * (0.2 + 0.8 * state.life.jitterSeed);
  return left - window + spread;
}

/**
 * How long readers get to take up a new token, ms. A second destructive fetch kills the token before the last at once,
 * and readers who re-read every minute may still hold that one.
 */
const READERS_PACE = MINUTE + 5 * SECOND;

/**
 * Milliseconds until every reader has had the time to take up the token, where every fetch kills the token before. It
 * goes by the clock that nobody sets, because a wall clock that was set forward must not make the token old.
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

/**
 * How long a fetch by hand leaves readers after a replacement, ms. The platform keeps two tokens of an account: the
 * fetch kills the token before the current one, which a reader who re-reads every minute may still hold.
 */
const READERS_MINUTE = MINUTE;

/**
 * Milliseconds until every reader who re-reads once a minute holds the current token, and no longer the one that it
 * replaced; 0 where it replaced none, and where no fetch kills one. Of a life shorter than ten minutes it is a tenth.
 */
export function untilReadersCaughtUp(
  { record: { token }, life: { end } }: State,
  { destructive }: Policy,
  now: Instant,
): number {
  if (!destructive || !token?.replaced || !end) return 0;
  const least = Math.min(READERS_MINUTE, (token.expiresIn * SECOND) / 10);
  const born = end.monotonic - token.expiresIn * SECOND;
  return Math.max(0, Math.min(least, born + least - now.monotonic));
}

/**
 * Why a refresh that a person asked for has to wait, and for how many ms.
 * - `gathering`: one has just begun; all who ask for another meanwhile are served by one
 * - `readers`: the token has just replaced another, see {@link untilReadersCaughtUp}
 */
export interface Postponement {
  readonly why: 'gathering' | 'readers';
  readonly ms: number;
}

/** Why the refresh that a person asked for has to wait; undefined where none is asked for, and where it need not. */
export function postponement(state: State, policy: Policy, now: Instant): Postponement | undefined {
  const { request, record, clock } = state;
  if (!request.manual) return undefined;
  const shared = untilGathered(record.ledger, ledgerTime(clock, now));
  const gathering = Math.max(untilNextRequest(request, now), shared);
  const readers = request.overrides ? 0 : untilReadersCaughtUp(state, policy, now);
  if (readers > 0 && readers >= gathering) return { why: 'readers', ms: readers };
  return gathering > 0 ? { why: 'gathering', ms: gathering } : undefined;
}

/** Milliseconds until the platform is asked again although nothing is due, to learn of a rotation made elsewhere. */
export function untilRecheck({ life: { askedAt }, record }: State, policy: Policy, now: Instant): number {
  const recheck = (record.token && recheckOf(record.token)) ?? policy.recheck;
  if (recheck === undefined) return Number.POSITIVE_INFINITY;
  return askedAt === undefined ? 0 : askedAt + recheck - now.monotonic;
}

/**
 * Whether reports of readers lead to a forced refresh: the platform confirmed that the token is dead, and the owner
 * allows it.
 */
export function refusalForces(state: State, policy: Policy, now: Instant): boolean {
  return state.doubts.suspicion === 'force' && policy.refusalForces && !obstacleToForce(state, policy, now);
}

/** Why a forced refresh cannot be forced now; undefined when it can. */
export function obstacleToForce(
  state: State,
  { budget }: Policy,
  now: Instant,
): 'store' | 'spacing' | 'forced-budget' | undefined {
  // A forced refresh kills the token that others hold, so it is written down first.
  if (state.store.trouble) return 'store';
  return forcedObstacle(state.record.ledger, budget.forcedPerDay, ledgerTime(state.clock, now));
}

/**
 * A value that comes back until it ends is asked for once this long before its end, since it may be replaced early; ms.
 */
const EARLY = MINUTE;

/**
 * The platform rounds the remaining life down to whole seconds, so the end comes up to a second later than it said; ms.
 */
const FLOORED = SECOND;

/** Pauses between requests for a value that should have ended: a few seconds at first, a minute in the end; ms. */
const SHORTEST_PAUSE = 3 * SECOND;
const LONGEST_PAUSE = MINUTE;

/**
 * Polling interval for a token whose age is unknown, until it changes; a quarter of its life where that is shorter; ms.
 */
const UNKNOWN_AGE = HOUR / 2;

/** How long before its believed end a value that comes back until it ends is asked for, ms. */
function earlyBy({ expiresIn }: Token): number {
  return Math.min(EARLY, (expiresIn * SECOND) / 4);
}

/** The pause after the same value came back, by the life that it has left; ms. */
export function pauseBefore(end: Deadline, token: Token, now: Instant): number {
  const left = remaining(end, now);
  if (left > earlyBy(token)) return 0;
  if (left > 0) return left + FLOORED;
  return Math.min(LONGEST_PAUSE, Math.max(SHORTEST_PAUSE, -left / 10));
}

/** Polling interval for a token whose age is unknown; undefined if the age is known; ms. */
function recheckOf({ unwitnessed, expiresIn }: Token): number | undefined {
  return unwitnessed ? Math.min(UNKNOWN_AGE, (expiresIn * SECOND) / 4) : undefined;
}
