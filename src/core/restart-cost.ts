/**
 * What a restart now would cost, while the store does not hold what this process knows. What is published is evidence
 * as well (`published.ts`), so it depends on where the token can be read back.
 */
import type { Failure } from './failure.ts';
import type { Unit } from './ports.ts';
import { liveToken, type State } from './state/index.ts';
import { behindSince } from './state/store.ts';
import { targetOf } from './state/targets.ts';
import type { Instant } from './time.ts';

/**
 * - `nothing`: the store holds all that this process knows
 * - `ledger`: the token is taken over without a call, but the calls since the last write are forgotten
 * - `call`: the token is known to this process alone, so the platform is asked for one; readers keep theirs
 * - `token`: the same, and the fetch kills the token that readers hold
 * - `source`: a mirror calls nobody, but it does not know what is published until its source can be read
 */
export type RestartCost = 'nothing' | 'ledger' | 'call' | 'token' | 'source';

/** The record of an account cannot be written, or has not been for longer than saving takes. */
export interface Unwritten {
  readonly since: Instant;
  /** Why, where the store said it. Absent: another daemon holds the lock. */
  readonly failure?: Failure;
  readonly restartCosts: RestartCost;
}

type Served = Pick<Unit, 'policy' | 'publishers'>;

/** Since when and why the store does not hold what we know; undefined while it does. */
export function unwritten(state: State, unit: Served, now: Instant): Unwritten | undefined {
  const since = behindSince(state.store, now);
  if (!since) return undefined;
  const failure = state.store.trouble?.failure;
  return { since, ...(failure && { failure }), restartCosts: restartCost(state, unit, now) };
}

function restartCost(state: State, { policy, publishers }: Served, now: Instant): RestartCost {
  if (policy.follows) return 'source';
  if (state.store.saved) return 'nothing';
  const token = liveToken(state, now);
  // A token that has ended is fetched anew, with or without a restart.
  if (!token || state.store.holds === token.generation) return 'ledger';
  const isEvident = publishers.some(
    ({ id, tellsAll }) => tellsAll && targetOf(state.targets, id)?.generation === token.generation,
  );
  if (isEvident) return 'ledger';
  return policy.destructive ? 'token' : 'call';
}
