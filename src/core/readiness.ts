import type { Policy } from './policy.ts';
import type { State } from './state/index.ts';
import { diedAt, lifeLeft } from './state/life.ts';
import type { TargetState } from './state/targets.ts';
import { type Instant, remaining } from './time.ts';

/**
 * Remaining life of the token that readers currently see, ms: the minimum over all targets, since nobody knows which
 * one an app opens. Undefined while we do not know of some target that it holds anything. It is not the same as the
 * life of the newest token: that may not have arrived yet, and the one that it replaced still works.
 */
export function servedLife(state: State, policy: Policy, now: Instant): number | undefined {
  const lives = state.targets.map((target) => targetLife(target, state, policy, now));
  if (lives.length === 0) return lifeLeft(state.life, now);
  return lives.reduce((least, life) =>
    life === undefined || least === undefined ? undefined : Math.min(life, least),
  );
}

/** Remaining life of the token that one target holds, ms; undefined while that is not known. */
export function targetLife(
  { generation, end }: TargetState,
  state: State,
  { overlap }: Policy,
  now: Instant,
): number | undefined {
  const { token } = state.record;
  if (generation === undefined || !token) return undefined;
  if (generation >= token.generation) return lifeLeft(state.life, now);
  // From its replacement on, a token lives for the overlap at most.
  const replaced = token.issuedAt + overlap - now.wall;
  const died = diedAt(state.life);
  // Without its authorisation no token of the account works.
  return Math.min(replaced, end ? remaining(end, now) : 0, died ? remaining(died, now) : replaced);
}
