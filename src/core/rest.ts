import { LOOK_AGAIN, type Plan } from './plan.ts';
import { lifeLeft, type State } from './state.ts';
import { type Instant, SECOND } from './time.ts';

/** A time in which nothing is to be done, unless something happens: then the state is another one. */
export interface Rest {
  readonly state: State;
  readonly base: State | undefined;
  readonly since: Instant;
  readonly ms: number;
}

/** Whoever waits for something closer than this wants to be woken for it, so it is planned anew, ms. */
const SOON = 35 * SECOND;

/** A wall clock that is corrected by more than this is not trusted to have gone on, ms. */
const CORRECTION = SECOND;

/** How long a plan goes on to say that there is nothing to do; undefined where it says something else or may soon. */
export function restOf(
  { publish, step }: Plan,
  state: State,
  base: State | undefined,
  now: Instant,
): Rest | undefined {
  const calm =
    !state.trouble && !state.orphan && !state.refusals && state.manual === undefined && state.saved;
  if (step.kind !== 'wait' || publish.length > 0 || !calm) return undefined;
  const ms = Math.min(
    step.ms - SOON,
    (lifeLeft(state, now) ?? 0) - SOON,
    state.lookedAt + LOOK_AGAIN - now.monotonic,
    ...Object.values(state.targets).map(({ dueAt }) => dueAt - now.monotonic),
  );
  return ms > 0 ? { state, base, since: now, ms } : undefined;
}

/** Whether it lasts, by both clocks. */
export function lasts(rest: Rest, state: State, base: State | undefined, now: Instant): boolean {
  const { since, ms } = rest;
  const wall = now.wall - since.wall;
  return (
    rest.state === state &&
    rest.base === base &&
    now.monotonic - since.monotonic < ms &&
    wall < ms &&
    wall > -CORRECTION
  );
}
