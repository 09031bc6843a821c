/** What an answer changes that brought the token that we have, and how long the platform is then left alone. */
import type { Context } from './context.ts';
import type { Token } from './credential.ts';
import { pauseBefore, untilDue } from './due.ts';
import { type Backoff, backoffDelay } from './failure.ts';
import type { Policy } from './policy.ts';
import { type Attempts, paused, sameTokenAgain } from './state/attempts.ts';
import { sameTokenDoubted } from './state/doubts.ts';
import type { State } from './state/index.ts';
import { allDue } from './state/targets.ts';
import { after, type Deadline, MINUTE, SECOND } from './time.ts';

/** `expires_in` counts whole seconds, so one and the same end is computed within one or two of them. */
const SAME_END = 2 * SECOND;

/**
 * What the platform hands out is alive, whatever was believed of its end: until we ask again, and for this long after
 * that, ms.
 */
const ALIVE = MINUTE;

/**
 * The platform returned the token that we have. That is no progress: it corrects what we believe of the token's end,
 * and the platform gets a pause.
 * @param again the answer as it would be stored if it were new
 * @param end what this answer says of the token's end
 */
export function sameAgain(state: State, known: Token, again: Token, end: Deadline, context: Context): State {
  const { policy, now } = context;
  const settled: State = { ...state, doubts: sameTokenDoubted(state.doubts) };
  if (policy.repeats === 'with-whole-life') {
    const pause = pauseBefore(state.life.end ?? end, known, now);
    const alive = after(now, pause + graceOf(known));
    return {
      ...settled,
      life: { ...state.life, alive },
      attempts: sameTokenAgain(state.attempts, pause, now),
    };
  }
  const hasMoved = Math.abs(known.expiresAt - again.expiresAt) > SAME_END;
  const corrected: State = {
    ...settled,
    record: { ...state.record, token: hasMoved ? again : known },
    life: { ...state.life, end },
  };
  return {
    ...corrected,
    attempts: policy.repeats
      ? sameTokenAgain(state.attempts, pauseBefore(end, known, now), now)
      : sameUntilReplaced(corrected, untilDue(corrected, policy, now), context),
    targets: hasMoved ? allDue(state.targets) : state.targets,
  };
}

/**
 * What the same token says of the platform's patience, where it is due to be replaced in so many ms. One that came
 * before that, since a person or a recheck asked for it, says nothing, and must not make the replacement late.
 */
function sameUntilReplaced({ attempts }: State, due: number, { policy, now, random }: Context): Attempts {
  const unready = due > 0 ? 0 : attempts.unready;
  const pause = backoffDelay(patience(policy), unready + 1, random);
  return sameTokenAgain({ ...attempts, unready }, due > 0 ? Math.min(pause, due) : pause, now);
}

/** A token that came back counts as alive for so long after the time at which we ask for it again, ms. */
export function graceOf({ expiresIn }: Pick<Token, 'expiresIn'>): number {
  return Math.min(ALIVE, (expiresIn * SECOND) / 4);
}

/** However short the lives that the platform hands out, one of them is no reason to ask again at once. */
export function withBreath(state: State, { policy, now, random }: Context): State {
  const breath = backoffDelay(patience(policy), 1, random);
  if (untilDue(state, policy, now) >= breath) return state;
  return { ...state, attempts: paused(state.attempts, 'unready', breath, now) };
}

/**
 * The pause after the same token. It is short beside the window that is left, and bounded where a platform never
 * rotates.
 */
function patience({ window }: Policy): Backoff {
  return {
    first: Math.min(15 * SECOND, window / 20),
    growth: 1.5,
    cap: Math.min(MINUTE, window / 5),
    jitter: 'added',
  };
}
