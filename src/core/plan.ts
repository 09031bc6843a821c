import { fetchHold, forcedObstacle } from './quota.ts';
import { lifeLeft, liveToken, type Policy, type State } from './state.ts';
import type { Instant } from './time.ts';

/** Why a credential is fetched: the `reason` label of `refresh_total`. */
export type Reason = 'requested' | 'missing' | 'unfinished' | 'expired' | 'due';

/** Why a forced refresh was made an ordinary one. */
type Demotion = 'uncoordinated' | 'spacing' | 'budget';

export interface FetchStep {
  readonly kind: 'fetch';
  readonly reason: Reason;
  readonly forced: boolean;
  readonly demoted?: Demotion;
}

export type Step =
  | {
      readonly kind: 'wait';
      readonly ms: number;
      readonly why: 'fresh' | 'backoff' | 'unready' | 'blocked' | 'budget';
    }
  | { readonly kind: 'save' }
  | {
      readonly kind: 'fetch';
      readonly reason: Reason;
      readonly forced: boolean;
      readonly demoted?: Demotion;
    };

export interface Plan {
  /** Ids of the targets to bring up to date now; each on its own, none waits for another or for a fetch. */
  readonly publish: readonly string[];
  readonly step: Step;
}

/**
 * The one place that decides. Looks at what is known and at the clock, and says what to do next; asked again after
 * every event and at every tick, so a missed, doubled, early or late call is harmless.
 */
export function plan(state: State, policy: Policy, now: Instant): Plan {
  return { publish: duePublications(state, now), step: nextStep(state, policy, now) };
}

function duePublications(state: State, now: Instant): string[] {
  if (!liveToken(state, now)) return [];
  return Object.entries(state.targets)
    .filter(([, target]) => now.monotonic >= target.dueAt)
    .map(([id]) => id);
}

function nextStep(state: State, policy: Policy, now: Instant): Step {
  const reason = reasonToFetch(state, policy, now);
  if (!reason && state.saved) return { kind: 'wait', ms: untilDue(state, policy, now), why: 'fresh' };

  const { hold } = state;
  const skipped = reason === 'requested' && hold?.why !== 'blocked';
  if (hold && !skipped && hold.until > now.monotonic) {
    return { kind: 'wait', ms: hold.until - now.monotonic, why: hold.why };
  }
  if (!reason) return { kind: 'save' };

  const budget = fetchHold(state.record.ledger, policy.budget.fetchesPerDay, now.wall);
  if (budget > 0) return { kind: 'wait', ms: budget, why: 'budget' };
  return { kind: 'fetch', reason, ...strength(state, policy, now) };
}

function reasonToFetch(state: State, policy: Policy, now: Instant): Reason | undefined {
  if (state.manual) return 'requested';
  if (!state.record.token) return 'missing';
  if (state.record.intent) return 'unfinished';
  if (!liveToken(state, now)) return 'expired';
  return untilDue(state, policy, now) <= 0 ? 'due' : undefined;
}

/** Milliseconds until the token enters its window, this daemon's share of the spread included. */
function untilDue(state: State, policy: Policy, now: Instant): number {
  const { token } = state.record;
  const left = lifeLeft(state, now);
  if (!token || left === undefined) return 0;
  const window = policy.windowShrinks ? Math.min(policy.window, (token.expiresIn * 1000) / 3) : policy.window;
  // Never at the very edge: the platform may count a second behind, and would hand out the same token once more.
  const spread = Math.min(policy.spread, window / 10) * (0.2 + 0.8 * state.draw);
  return left - window + spread;
}

function strength(state: State, policy: Policy, now: Instant): { forced: boolean; demoted?: Demotion } {
  if (!state.manual?.forced || policy.manual === 'ordinary') return { forced: false };
  if (policy.manual === 'uncoordinated') return { forced: false, demoted: 'uncoordinated' };
  const obstacle = forcedObstacle(state.record.ledger, policy.budget.forcedPerDay, now.wall);
  return obstacle ? { forced: false, demoted: obstacle } : { forced: true };
}
