import { type Backoff, backoffDelay } from './backoff.ts';
import type { FailureClass } from './failure.ts';
import { type Context, type Hold, lifeLeft, type State } from './state.ts';
import { MINUTE, SECOND } from './time.ts';

/** Around the end of a token's life a passing fault is not waited out for longer than this. */
const URGENT = 10 * SECOND;

/**
 * How long others leave the platform alone after an attempt of one of them: never less than the wait of the one who
 * met a passing fault, which draws from the whole of it (a no of the platform has a pause of its own, see `setback.ts`).
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
