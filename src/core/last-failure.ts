import { type Backoff, backoffDelay, type Failure, type FailureClass, PASSING } from './failure.ts';
import type { LastFailure } from './record.ts';
import { ledgerTime } from './state/clock.ts';
import { type Context, type Hold, lifeLeft, type State } from './state/index.ts';
import { MINUTE, SECOND } from './time.ts';

/**
 * What the last attempt met, as far as it is about the AppSecret that we have now: one that WeChat has taken before is
 * not blamed for a wrong one that stood in its place meanwhile.
 */
export function currentFailure({ record, fingerprint }: State): LastFailure | undefined {
  const { lastFailure, secrets } = record;
  const isProven = fingerprint !== undefined && secrets.at(-1) === fingerprint;
  const isOther = lastFailure?.fingerprint !== undefined && lastFailure.fingerprint !== fingerprint;
  return lastFailure?.failure.class === 'refused' && isProven && isOther ? undefined : lastFailure;
}

/** What is to be remembered of a failure. */
export function lastFailureOf(state: State, failure: Failure, context: Context): LastFailure {
  const { lastFailure: before } = state.record;
  const { backoff: _ours, effect: _none, ...told } = failure;
  const { at } = ledgerTime(state.clock, context.now);
  const row = { failures: (before?.failures ?? 0) + 1, since: before?.since ?? at };
  const isPassing = failure.class === 'passing';
  // It is no answer to what the platform said before.
  if (before && isPassing && before.until > at) return { ...before, ...row };
  const wait = isPassing ? 0 : Math.max(0, (state.hold?.until ?? 0) - context.now.monotonic);
  return {
    failure: told,
    ...(state.fingerprint !== undefined && { fingerprint: state.fingerprint }),
    at,
    until: Math.round(at + wait),
    ...row,
  };
}

/**
 * Keeps the pause of a no that the platform gave to another daemon, or to the life before this one. After a restart a
 * refusal is tried again: someone may have mended what was refused; a used-up allowance comes back by itself.
 */
export function withLastFailure(before: State, known: State, { policy, now }: Context): State {
  const { lastFailure } = known.record;
  if (policy.follows) return lastFailure ? withHeard(known, lastFailure) : withoutFailure(known);
  if (!lastFailure || lastFailure.at === before.record.lastFailure?.at) return known;
  const { failure, fingerprint, at, until } = lastFailure;
  const isOurSecret = fingerprint === undefined || fingerprint === (known.fingerprint ?? fingerprint);
  const isRestart = before.record.generation === 0;
  if (!isOurSecret || (isRestart && failure.class === 'refused')) return known;
  // Never longer than it was meant, whatever clocks or a damaged file claim.
  const wait = Math.min(until - ledgerTime(known.clock, now).at, until - at);
  if (wait <= 0 || (known.hold?.until ?? 0) >= now.monotonic + wait) return known;
  return { ...withHeard(known, lastFailure), hold: { why: 'backoff', until: now.monotonic + wait } };
}

/** Another daemon's failure, as if it had been ours. */
export function withHeard(state: State, { failure }: LastFailure): State {
  const isOurs = state.failure !== undefined && !state.heard;
  return {
    ...state,
    failure: { ...failure, effect: 'none', backoff: PASSING },
    failures: Math.max(1, state.failures),
    ...(!isOurs && { heard: true }),
  };
}

function withoutFailure({ failure: _over, heard: _too, ...state }: State): State {
  return { ...state, failures: 0 };
}

/** Around the end of a token's life a passing fault is not waited out for longer than this. */
const URGENT = 10 * SECOND;

/**
 * How long others leave the platform alone after an attempt of one of them: never less than the wait of the one who
 * met a passing fault, which draws from the whole of it (a no of the platform has a pause of its own, see `lastFailure.ts`).
 * So that one goes on alone, and however many daemons there are, they ask as often as one would; should it be gone, the
 * next takes its place.
 */
const ELSEWHERE: Backoff = { first: SECOND, growth: 2, cap: MINUTE, jitter: 'added' };

/** The wait before the next attempt, after `state.failures` of them. */
export function holdAfter(
  state: State,
  failure: { readonly class: FailureClass; readonly backoff: Backoff },
  { now, random }: Context,
): Hold {
  const delay = backoffDelay(failure.backoff, state.failures, random);
  const wait =
    failure.class === 'passing' && isUrgent(lifeLeft(state, now)) ? Math.min(delay, URGENT) : delay;
  return { why: 'backoff', until: now.monotonic + wait };
}

/** Another daemon has asked the platform for what we would be asking for, and nothing has come of it yet. */
export function withAttemptElsewhere(state: State, context: Context): State {
  const next: State = { ...state, failures: state.failures + 1 };
  const hold = holdAfter(next, { class: 'passing', backoff: ELSEWHERE }, context);
  return (state.hold?.until ?? 0) >= hold.until ? next : { ...next, hold };
}

/** From two minutes before the end of the token until it has been dead for ten. */
function isUrgent(left: number | undefined): boolean {
  return left !== undefined && left < 2 * MINUTE && left > -10 * MINUTE;
}
