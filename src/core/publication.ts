import type { Failure } from './failure.ts';
import type { Step, View } from './plan.ts';
import { isPublished, liveToken, obstacle, type State } from './state/index.ts';
import type { Instant } from './time.ts';

/** Why a credential is not published, for people, and what they can do about it. */
export type Obstacle = Pick<Failure, 'message' | 'advice'>;

const TIMED_OUT = 'timed out';

/**
 * Tells whether waiting longer would not change whether a unit gets published: it is published and has nothing to do, a
 * person must act, or its next attempt comes too late.
 * @param left ms that the caller can still wait
 * @param base the view of the token that a ticket is fetched with: a ticket that waits for its token settles with it
 */
export function isSettled({ state, step }: View, now: Instant, left: number, base?: View): boolean {
  if (base && lacksToken(step)) return !liveToken(base.state, now) && isSettled(base, now, left);
  if (isPublished(state, now)) return step.kind === 'wait';
  if (needsAPerson(obstacle(state, now))) return true;
  if (step.kind !== 'wait') return false;
  return liveToken(state, now) ? msToNextPublication(state, now) > left : step.ms > left;
}

/**
 * Says why a unit is not published.
 * @param base the view of the token that a ticket is fetched with: advice about the token is given there
 */
export function whyUnpublished({ state, step, leader }: View, now: Instant, base?: View): Obstacle {
  if (base && lacksToken(step)) {
    const failure = obstacle(base.state, now);
    const refused = needsAPerson(failure) && failure?.errcode !== undefined;
    return { message: `it needs the token, which ${refused ? 'WeChat refused' : 'did not come'}` };
  }
  const failure = obstacle(state, now);
  if (failure && failure.code !== 'aborted') return failure;
  if (leader === undefined) return { message: TIMED_OUT };
  return {
    message: `${TIMED_OUT}: ${leader} leads and delivered nothing`,
    advice: `look at the log of ${leader}`,
  };
}

/** Tells whether trying again is in vain until a person has acted at the platform. */
export function needsAPerson(failure: Failure | undefined): boolean {
  return failure?.class === 'refused' || failure?.class === 'confirmation';
}

/**
 * Indexes views by unit.
 * @returns a function that finds the view of the token that a ticket is fetched with; undefined for a token
 */
export function basesAmong(views: readonly View[]): (view: View) => View | undefined {
  const known = new Map(views.map((view) => [view.unit.id, view]));
  return ({ unit }) => (unit.base === undefined ? undefined : known.get(unit.base));
}

function lacksToken(step: Step): boolean {
  return step.kind === 'wait' && step.why === 'token';
}

/** Milliseconds until the next target that does not hold the current token is tried again. */
function msToNextPublication({ targets, record }: State, now: Instant): number {
  const behind = Object.values(targets).filter(({ generation }) => generation !== record.token?.generation);
  return Math.min(...behind.map(({ dueAt }) => dueAt - now.monotonic));
}
