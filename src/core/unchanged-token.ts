import type { Token } from './credential.ts';
import { pauseBefore, untilDue } from './due.ts';
import { type Backoff, backoffDelay } from './failure.ts';
import type { Policy } from './policy.ts';
import type { Context, State } from './state/index.ts';
import { allDue } from './state/targets.ts';
import { after, type Deadline, type Instant, MINUTE, SECOND } from './time.ts';

/** `expires_in` counts whole seconds, so one and the same end is computed within one or two of them. */
const SAME_END = 2 * SECOND;

/** What the platform hands out is alive, whatever was believed of its end: until it is asked again, and a while, ms. */
const ALIVE = MINUTE;

/**
 * The same token again is not progress: it corrects what is believed of its end, and the platform gets a pause.
 * @param again as it would be stored if it were new
 * @param end what this answer says of its end
 */
export function sameAgain(state: State, known: Token, again: Token, end: Deadline, context: Context): State {
  const { failure: _over, heard: _too, hold: _done, refusals, ...rest } = state;
  const { policy, now } = context;
  const times = state.unready + 1;
  const next: State = {
    ...rest,
    failures: 0,
    blocked: 0,
    unready: times,
    // A reader doubted this very token; an ordinary call could not bring another.
    ...(refusals && {
      refusals: refusals.suspicion === 'ask' ? { ...refusals, suspicion: 'probe' } : refusals,
    }),
  };
  if (policy.repeats === 'with-whole-life') {
    const pause = pauseBefore(state.end ?? end, known, now);
    const alive = after(now, pause + graceOf(known));
    return held({ ...next, alive }, pause, now);
  }
  const moved = Math.abs(known.expiresAt - again.expiresAt) > SAME_END;
  const corrected: State = { ...next, record: { ...state.record, token: moved ? again : known }, end };
  const pause = policy.repeats
    ? pauseBefore(end, known, now)
    : backoffDelay(patience(policy), times, context.random);
  return held(moved ? { ...corrected, targets: allDue(corrected.targets) } : corrected, pause, now);
}

/** For so long after the time at which it is asked for again, what came back is held to be alive; ms. */
export function graceOf({ expiresIn }: Pick<Token, 'expiresIn'>): number {
  return Math.min(ALIVE, (expiresIn * SECOND) / 4);
}

function held(state: State, pause: number, { monotonic }: Instant): State {
  return { ...state, hold: { why: 'unready', until: monotonic + pause } };
}

/** However short the lives that the platform hands out, one of them is no reason to ask again at once. */
export function withBreath(state: State, { policy, now, random }: Context): State {
  const breath = backoffDelay(patience(policy), 1, random);
  return untilDue(state, policy, now) >= breath
    ? state
    : { ...state, hold: { why: 'unready', until: now.monotonic + breath } };
}

/** Short beside the window that is left, and bounded where a platform never rotates. */
function patience({ window }: Policy): Backoff {
  return {
    first: Math.min(15 * SECOND, window / 20),
    growth: 1.5,
    cap: Math.min(MINUTE, window / 5),
    jitter: 'added',
  };
}
