import { plan } from '../../src/core/plan.ts';
import type { Policy } from '../../src/core/policy.ts';
import { liveToken, type State } from '../../src/core/state/index.ts';
import { type Instant, SECOND } from '../../src/core/time.ts';

/** A daemon looks at the store at least so often, ms. */
const LOOK = 30 * SECOND;

/**
 * Milliseconds for which a daemon that is left alone has nothing to do but what changes nothing: looking at a store
 * that nobody has written since it looked, and at a target that holds what it should. A simulation skips that long.
 * @param base of what is fetched with another one's token
 */
export function restOf(
  state: State,
  policy: Policy,
  now: Instant,
  storeChanged: boolean,
  base?: State,
): number {
  const { step } = plan({ ...state, store: { ...state.store, lookedAt: now.monotonic } }, policy, now, base);
  const ahead = step.kind === 'wait' ? step.ms : 0;
  const look = storeChanged ? state.store.lookedAt + LOOK - now.monotonic : Number.POSITIVE_INFINITY;
  return Math.max(0, Math.min(ahead, look, untilPublication(state, now)));
}

function untilPublication(state: State, now: Instant): number {
  const token = liveToken(state, now);
  if (!token || state.late) return Number.POSITIVE_INFINITY;
  const behind = state.targets.filter(({ generation }) => generation !== token.generation);
  return Math.min(...behind.map(({ dueAt }) => dueAt - now.monotonic));
}
