import type { Policy } from './policy.ts';
import { forcedObstacle } from './quota.ts';
import { standing } from './record.ts';
import { earlyBy, recheckOf } from './repeating.ts';
import { ledgerTimeOf, lifeLeft, liveToken, type State } from './state.ts';
import { type Instant, MINUTE, remaining, SECOND } from './time.ts';

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
  if (state.manual) return 'requested';
  if (!record.token) return 'missing';
  if (standing(record.secrets, state.fingerprint) === 'new') return 'new-secret';
  if (record.intent) return 'unfinished';
  if (!liveToken(state, now)) return 'expired';
  if (state.refusals?.suspicion === 'ask' || refusalForces(state, policy, now)) return 'refused';
  if (untilDue(state, policy, now) <= 0) return 'due';
  return untilRecheck(state, policy, now) <= 0 ? 'recheck' : undefined;
}

/** Milliseconds until the token enters its window, this daemon's share of the spread included. */
export function untilDue(state: State, policy: Policy, now: Instant): number {
  const { token } = state.record;
  const left = lifeLeft(state, now);
  if (!token || left === undefined) return 0;
  // That it was handed out again does not move the end at which it is expected to change.
  if (policy.repeats) return remaining(state.end ?? now, now) - earlyBy(token);
  const window = policy.windowShrinks
    ? Math.min(policy.window, (token.expiresIn * SECOND) / 3)
    : policy.window;
  // Never at the very edge: the platform may count a second behind, and would hand out the same token once more.
  const spread = Math.min(policy.spread, window / 10) * (0.2 + 0.8 * state.draw);
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
  { record: { token }, end }: State,
  { destructive }: Policy,
  now: Instant,
): number {
  if (!destructive || !token || !end) return 0;
  const born = end.monotonic - token.expiresIn * SECOND;
  return born + Math.min(READERS_PACE, (token.expiresIn * SECOND) / 10) - now.monotonic;
}

export function untilRecheck({ askedAt, record }: State, policy: Policy, now: Instant): number {
  const recheck = (record.token && recheckOf(record.token)) ?? policy.recheck;
  if (recheck === undefined) return Number.POSITIVE_INFINITY;
  return askedAt === undefined ? 0 : askedAt + recheck - now.monotonic;
}

/** The platform itself confirmed that the token is dead, and the owner allows this remedy. */
export function refusalForces(state: State, policy: Policy, now: Instant): boolean {
  return (
    state.refusals?.suspicion === 'force' && policy.refusalForces && !obstacleToForce(state, policy, now)
  );
}

/** Why a forced refresh cannot be forced now; undefined when it can. */
export function obstacleToForce(
  state: State,
  { budget }: Policy,
  now: Instant,
): 'store' | 'spacing' | 'forced-budget' | undefined {
  // It kills the token that others hold, so it is written down first.
  if (state.trouble) return 'store';
  return forcedObstacle(state.record.ledger, budget.forcedPerDay, ledgerTimeOf(state, now));
}
