import { fetchHold } from './budget.ts';
import {
  obstacleToForce,
  type Reason,
  reasonToFetch,
  refusalForces,
  untilDue,
  untilRecheck,
  untilTakenUp,
} from './due.ts';
import { kills, type Policy } from './policy.ts';
import type { Unit } from './ports.ts';
import { standing } from './record.ts';
import { ledgerTime } from './state/clock.ts';
import { type Demotion, lifeLeft, liveToken, type State } from './state/index.ts';
import { type Instant, SECOND } from './time.ts';

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
      readonly why: 'fresh' | 'backoff' | 'unready' | 'blocked' | 'budget' | 'lagging' | 'token' | 'source';
    }
  /** Read the store: another daemon may have written it. */
  | { readonly kind: 'look' }
  /** Give the store what it lacks. */
  | { readonly kind: 'save' }
  /** Find out under the lock whether an orphaned answer is the newest. */
  | { readonly kind: 'settle' }
  /** Ask the platform whether the current token works. */
  | { readonly kind: 'probe' }
  /** Ask the platform what time it is: the token that was found may be younger than this machine's clock says. */
  | { readonly kind: 'ask-time' }
  | FetchStep;

export interface Plan {
  /** Ids of the targets to bring up to date now; each on its own, none waits for another or for a fetch. */
  readonly publish: readonly string[];
  readonly step: Step;
}

/** A ticket waits for its token, which comes by itself. */
const TOKEN_AGAIN = SECOND;

/** The net below the watch on the store, for volumes where events never come, ms. */
const LOOK_AGAIN = 30 * SECOND;

/**
 * The one place that decides. Looks at what is known and at the clock, and says what to do next; asked again after
 * every event and at every tick, so a missed, doubled, early or late call is harmless.
 * @param base what is known of the token that it is fetched with, where it is
 */
export function plan(state: State, policy: Policy, now: Instant, base?: State): Plan {
  const step = nextStep(state, policy, now);
  const lacksToken = step.kind === 'fetch' && policy.needsToken && !(base && liveToken(base, now));
  return {
    publish: duePublications(state, now),
    step: lacksToken ? { kind: 'wait', ms: TOKEN_AGAIN, why: 'token' } : step,
  };
}

function duePublications(state: State, now: Instant): string[] {
  // What an orphaned answer did to the token is not known yet, and what it brought may be older than what is there.
  if (state.orphan || !liveToken(state, now)) return [];
  return Object.entries(state.targets)
    .filter(([, target]) => now.monotonic >= target.dueAt)
    .map(([id]) => id);
}

function nextStep(state: State, policy: Policy, now: Instant): Step {
  const reason = reasonToFetch(state, policy, now);
  const { hold } = state;
  const skipped = reason === 'requested' && hold?.why !== 'blocked';
  const held = hold && !skipped ? Math.max(0, hold.until - now.monotonic) : 0;
  const storeHeld = Math.max(0, (state.trouble?.retryAt ?? 0) - now.monotonic);
  if (state.orphan && held === 0 && storeHeld === 0) return { kind: 'settle' };
  const rested = now.monotonic - state.lookedAt;
  if (rested >= LOOK_AGAIN) return { kind: 'look' };
  if (policy.follows) return { kind: 'wait', ms: LOOK_AGAIN - rested, why: 'source' };
  if (hold && held > 0) return { kind: 'wait', ms: held, why: hold.why };

  const step = reason ? fetchStep(reason, state, policy, now) : idleStep(state, policy, now);
  if (step.kind === 'fetch') {
    // One that kills the token before is written down first; any other must not wait for a store that does not work.
    return kills(policy, step.forced) && storeHeld > 0
      ? { kind: 'wait', ms: storeHeld, why: 'blocked' }
      : step;
  }
  return state.saved || storeHeld > 0 ? step : { kind: 'save' };
}

function fetchStep(reason: Reason, state: State, policy: Policy, now: Instant): Step {
  if (isLagging(state, now)) return { kind: 'wait', ms: lifeLeft(state, now) ?? 0, why: 'lagging' };
  if (isGuess(reason, state, policy)) return { kind: 'ask-time' };
  const early = reason === 'due' || reason === 'expired' ? untilTakenUp(state, policy, now) : 0;
  if (early > 0) return { kind: 'wait', ms: early, why: 'unready' };
  const budget = fetchHold(state.record.ledger, policy.budget.fetchesPerDay, ledgerTime(state.clock, now));
  if (budget > 0) return { kind: 'wait', ms: budget, why: 'budget' };
  return { kind: 'fetch', reason, ...strength(state, policy, now) };
}

/**
 * Whether a fetch that kills the token before would happen on the word of this machine's clock alone, which may be
 * wrong: a neighbour may have fetched a minute ago, and then two tokens die where one should.
 */
function isGuess(reason: Reason, { record, clock }: State, { destructive }: Policy): boolean {
  const byClock = reason === 'due' || reason === 'expired';
  return (
    destructive &&
    byClock &&
    !clock.anchor.certain &&
    !clock.timeAsked &&
    record.token?.platformDate !== undefined
  );
}

function idleStep(state: State, policy: Policy, now: Instant): Step {
  if (state.refusals?.suspicion === 'probe') return { kind: 'probe' };
  return {
    kind: 'wait',
    ms: Math.min(untilDue(state, policy, now), untilRecheck(state, policy, now)),
    why: 'fresh',
  };
}

/** Others have moved on to a newer secret: ours can only fail, so it is not tried while there is a token. */
function isLagging(state: State, now: Instant): boolean {
  return (
    standing(state.record.secrets, state.fingerprint) === 'replaced' && liveToken(state, now) !== undefined
  );
}

function strength(state: State, policy: Policy, now: Instant): Pick<FetchStep, 'forced' | 'demoted'> {
  if (refusalForces(state, policy, now)) return { forced: true };
  if (state.manual === undefined || state.manual === 'ordinary') return { forced: false };
  if (state.manual === 'preferred' && policy.manual === 'uncoordinated')
    return { forced: false, demoted: 'uncoordinated' };
  const obstacle = obstacleToForce(state, policy, now);
  return obstacle ? { forced: false, demoted: obstacle } : { forced: true };
}

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

/** A unit as it is now. */
export interface View {
  readonly unit: Unit;
  readonly state: State;
  /** What is to be done next. */
  readonly step: Step;
  /** Whether something is under way for it. */
  readonly busy: boolean;
  /** Who fetches it for all, where that is another daemon. */
  readonly leader?: string;
}
