/**
 * What is to be done next. It composes the answers of `due.ts`, `budget.ts` and the slices; each has its own `when`.
 */
import { fetchHold } from './budget.ts';
import {
  obstacleToForce,
  type Postponement,
  postponement,
  type Reason,
  reasonToFetch,
  refusalForces,
  untilDue,
  untilReadersCaughtUp,
  untilRecheck,
  untilTakenUp,
} from './due.ts';
import { currentFailure } from './last-failure.ts';
import { kills, type Policy } from './policy.ts';
import type { Unit } from './ports.ts';
import type { LostPushes } from './push-trouble.ts';
import { standing } from './record.ts';
import { heldBack, heldFor, untilLock } from './state/attempts.ts';
import { ledgerTime } from './state/clock.ts';
import { isKnownDead, untilAsked } from './state/doubts.ts';
import { liveToken, type State, servedToken } from './state/index.ts';
import { diedAt, lifeLeft } from './state/life.ts';
import { untilStart } from './state/pushed.ts';
import type { DowngradeReason } from './state/request.ts';
import { untilLook, untilRetry } from './state/store.ts';
import { dueAt, dueTargets } from './state/targets.ts';
import { type Instant, SECOND } from './time.ts';

export interface FetchStep {
  readonly kind: 'fetch';
  readonly reason: Reason;
  readonly forced: boolean;
  /** Why the refresh is an ordinary call although it was asked for by force. */
  readonly downgraded?: DowngradeReason;
  /** A person insists on it so soon after a replacement that readers may still hold the token that it kills. */
  readonly early?: true;
}

export type Step =
  | {
      readonly kind: 'wait';
      readonly ms: number;
      readonly why:
        | 'fresh'
        | 'backoff'
        | 'unready'
        | 'blocked'
        | 'budget'
        | 'lagging'
        | 'token'
        | 'pushed-ticket'
        | 'source'
        | Postponement['why'];
    }
  /** Read the store: another daemon may have written it. */
  | { readonly kind: 'look' }
  /** Give the store what it lacks. */
  | { readonly kind: 'save' }
  /** Find out under the lock whether a late response is the newest. */
  | { readonly kind: 'settle' }
  /** Ask the platform whether the current token works. */
  | { readonly kind: 'probe' }
  /** Ask the platform to push tickets again. */
  | { readonly kind: 'start-pushes' }
  /** Ask the platform what time it is: the token that we found may be younger than this machine's clock says. */
  | { readonly kind: 'ask-time' }
  | FetchStep;

export interface Plan {
  /** Ids of the targets to bring up to date now. Each goes on its own: none waits for another or for a fetch. */
  readonly publish: readonly string[];
  readonly step: Step;
}

/** A ticket waits so long for its token, which comes by itself, ms. */
const TOKEN_AGAIN = SECOND;

/**
 * Says what to do next, from what is known and the clock. This is the one place that decides. The loop asks again after
 * every event and at every tick, so a missed, doubled, early or late call is harmless.
 * @param base the state of the unit whose token this one is fetched with, for what needs a token
 */
export function plan(state: State, policy: Policy, now: Instant, base?: State): Plan {
  const step = nextStep(state, policy, now);
  return { publish: duePublications(state, now), step: withWhatItTakes(step, state, policy, now, base) };
}

/** A fetch waits for the token or the pushed ticket that it takes. */
function withWhatItTakes(step: Step, state: State, policy: Policy, now: Instant, base?: State): Step {
  const isFetch = step.kind === 'fetch';
  if (isFetch && policy.needsToken && !(base && isUsable(base, now)))
    return { kind: 'wait', ms: TOKEN_AGAIN, why: 'token' };
  if (!policy.pushes) return step;
  const waiting: Step =
    isFetch && !state.pushed.ticket
      ? { kind: 'wait', ms: untilLook(state.store, now), why: 'pushed-ticket' }
      : step;
  if (waiting.kind !== 'wait' || !STARTABLE.has(waiting.why)) return waiting;
  const start = untilStart(state.pushed, policy, state.record.pushStartedAt, now);
  return start <= 0 ? { kind: 'start-pushes' } : { ...waiting, ms: Math.min(waiting.ms, start) };
}

/**
 * Whether another token may be fetched with this one: it lives, and is not just about to be replaced as a dead one. Where
 * the replacement fails, a reader's word does not stop those who need the token, but a refusal that we have met does: each
 * of them could only meet it again.
 */
function isUsable(base: State, now: Instant): boolean {
  const { doubts, attempts } = base;
  const isReplaced = isKnownDead(doubts) || (untilAsked(doubts, now) === 0 && heldFor(attempts, now) === 0);
  return liveToken(base, now) !== undefined && !isReplaced;
}

/** While it waits for one of these, the platform may be asked to push tickets again. */
const STARTABLE: ReadonlySet<Extract<Step, { kind: 'wait' }>['why']> = new Set([
  'fresh',
  'backoff',
  'pushed-ticket',
]);

function duePublications(state: State, now: Instant): string[] {
  // Nobody knows yet what a late response did to the token, and what it brought may be older than what is there.
  return state.late || !servedToken(state, now) ? [] : dueTargets(state.targets, now);
}

function nextStep(state: State, policy: Policy, now: Instant): Step {
  const locked = untilLock(state.attempts, now);
  const storeHeld = untilRetry(state.store, now);
  if (state.late && locked === 0 && storeHeld === 0 && !isOthersTurn(state, now)) return { kind: 'settle' };
  const look = untilLook(state.store, now);
  if (look <= 0) return { kind: 'look' };
  if (policy.follows) return { kind: 'wait', ms: look, why: 'source' };
  if (locked > 0) return { kind: 'wait', ms: locked, why: 'blocked' };

  const step = platformStep(state, policy, now);
  if (step.kind === 'fetch') {
    // A fetch that kills the token before is written down first. Any other must not wait for a store that does not
    // work.
    return kills(policy, step.forced) && storeHeld > 0
      ? { kind: 'wait', ms: storeHeld, why: 'blocked' }
      : step;
  }
  // Whatever holds the platform back, a pause of an hour included, does not hold back what we have to write down.
  return state.store.saved || storeHeld > 0 ? step : { kind: 'save' };
}

/** Whether a fetch of another daemon is under way, of whose outcome the place of a late response hangs. */
function isOthersTurn({ record, attempts }: State, now: Instant): boolean {
  return record.intent !== undefined && heldBack(attempts, now) !== undefined;
}

/** What the platform is to be asked next, or how long it is left alone. */
function platformStep(state: State, policy: Policy, now: Instant): Step {
  const reason = reasonToFetch(state, policy, now);
  // What a person asked for does not wait for a pause, and neither does the first try with a code that works for minutes.
  const isNews = reason === 'requested' || (reason === 'authorised' && !state.authorisation?.isSent);
  const held = isNews ? undefined : heldBack(state.attempts, now);
  const step: Step = held ? { kind: 'wait', ...held } : askStep(reason, state, policy, now);
  const postponed = postponement(state, policy, now);
  return step.kind === 'wait' && postponed && postponed.ms < step.ms ? { kind: 'wait', ...postponed } : step;
}

function askStep(reason: Reason | undefined, state: State, policy: Policy, now: Instant): Step {
  return reason ? fetchStep(reason, state, policy, now) : idleStep(state, policy, now);
}

function fetchStep(reason: Reason, state: State, policy: Policy, now: Instant): Step {
  if (isLagging(state, now)) return { kind: 'wait', ms: lifeLeft(state.life, now) ?? 0, why: 'lagging' };
  if (isGuess(reason, state, policy)) return { kind: 'ask-time' };
  // Readers have nothing to lose of tokens that are dead by word of the platform.
  const isSpared = (reason === 'due' || reason === 'expired') && !diedAt(state.life);
  const early = isSpared ? untilTakenUp(state, policy, now) : 0;
  if (early > 0) return { kind: 'wait', ms: early, why: 'unready' };
  const budget = fetchHold(state.record.ledger, policy.budget.fetchesPerDay, ledgerTime(state.clock, now));
  if (budget > 0) return { kind: 'wait', ms: budget, why: 'budget' };
  const isEarly = reason === 'requested' && untilReadersCaughtUp(state, policy, now) > 0;
  return { kind: 'fetch', reason, ...strength(reason, state, policy, now), ...(isEarly && { early: true }) };
}

/**
 * Whether a fetch that kills the token before would happen on the word of this machine's clock alone. That clock may be
 * wrong: a neighbour may have fetched a minute ago, and then two tokens die where one should.
 */
function isGuess(reason: Reason, { record, clock }: State, { destructive }: Policy): boolean {
  const byClock = reason === 'due' || reason === 'expired';
  return (
    destructive && byClock && !clock.certain && !clock.timeAsked && record.token?.platformDate !== undefined
  );
}

function idleStep(state: State, policy: Policy, now: Instant): Step {
  if (state.doubts.suspicion === 'probe') return { kind: 'probe' };
  return {
    kind: 'wait',
    ms: Math.min(
      untilDue(state, policy, now),
      untilRecheck(state, policy, now),
      untilAsked(state.doubts, now) ?? Number.POSITIVE_INFINITY,
    ),
    why: 'fresh',
  };
}

/** Other daemons have moved on to a newer AppSecret: ours can only fail, so we do not try it while there is a token. */
function isLagging(state: State, now: Instant): boolean {
  return (
    standing(state.record.secrets, state.fingerprint) === 'replaced' && liveToken(state, now) !== undefined
  );
}

function strength(
  reason: Reason,
  state: State,
  policy: Policy,
  now: Instant,
): Pick<FetchStep, 'forced' | 'downgraded'> {
  const manual = reason === 'requested' ? state.request.manual : undefined;
  if (refusalForces(state, policy, now)) return { forced: true };
  if (manual === undefined || manual === 'ordinary') return { forced: false };
  if (manual === 'preferred') {
    // Whoever mends something asks for another try, and not for the death of the token that readers have.
    if (isInTrouble(state, now)) return { forced: false };
    if (policy.manual === 'uncoordinated') return { forced: false, downgraded: 'uncoordinated' };
  }
  const obstacle = obstacleToForce(state, policy, now);
  return obstacle ? { forced: false, downgraded: obstacle } : { forced: true };
}

/** Whether the credential, or a target of it, is not as it should be. A store that does not work forbids to force. */
function isInTrouble(state: State, now: Instant): boolean {
  const isBroken = state.targets.some(({ failure }) => failure);
  return isBroken || !liveToken(state, now) || currentFailure(state) !== undefined;
}

/** A time in which there is nothing to do but to look, unless something happens: then the state is another one. */
export interface Rest {
  readonly state: State;
  readonly base: State | undefined;
  readonly since: Instant;
  readonly ms: number;
  /** Monotonic ms at which store and targets are first to be looked at, whatever events say. */
  readonly lookAt: number;
}

/** A credential that waits for something closer than this wants to be woken for it, so it is planned anew, ms. */
const SOON = 35 * SECOND;

/** A wall clock that was corrected by more than this has not gone on with the other one, ms. */
const CORRECTION = SECOND;

/** Whether the wall clock has been set since then. */
export function isCorrected(since: Instant, now: Instant): boolean {
  const passed = now.monotonic - since.monotonic;
  return Math.abs(now.wall - since.wall - passed) >= CORRECTION;
}

/** How long a plan goes on to say that there is nothing to do; undefined where it says something else or may soon. */
export function restOf(
  { publish, step }: Plan,
  state: State,
  base: State | undefined,
  now: Instant,
): Rest | undefined {
  const calm =
    !state.store.trouble &&
    !state.late &&
    !state.doubts.suspicion &&
    state.request.manual === undefined &&
    !state.authorisation &&
    state.store.saved;
  if (step.kind !== 'wait' || publish.length > 0 || !calm) return undefined;
  const ms = Math.min(step.ms, lifeLeft(state.life, now) ?? 0) - SOON;
  const lookAt = Math.min(now.monotonic + Math.min(untilLook(state.store, now), ms), dueAt(state.targets));
  return ms > 0 && lookAt > now.monotonic ? { state, base, since: now, ms, lookAt } : undefined;
}

/** Whether a rest goes on, by both clocks. */
export function lasts(rest: Rest, state: State, base: State | undefined, now: Instant): boolean {
  const { since, ms } = rest;
  const passed = now.monotonic - since.monotonic;
  return rest.state === state && rest.base === base && passed < ms && !isCorrected(since, now);
}

/** A unit as it is now. */
export interface View {
  readonly unit: Unit;
  /** Without the last glance at what it rests on, which has found nothing. */
  readonly state: State;
  readonly glancedAt?: Instant;
  /** What is to be done next for it. */
  readonly step: Step;
  /** Whether something is under way for it. */
  readonly busy: boolean;
  /** The daemon that fetches it for all, where that is another one. */
  readonly leader?: string;
  /** The pushes for it that were not taken by this daemon, since the last one that was. */
  readonly lostPushes?: LostPushes;
}
