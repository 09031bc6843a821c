import type { Token } from '../core/credential.ts';
import type { Policy } from '../core/policy.ts';
import { pauseBefore } from '../core/repeating.ts';
import { graceOf } from '../core/same.ts';
import type { State } from '../core/state.ts';
import { after, type Deadline, type Instant, MINUTE, remaining } from '../core/time.ts';

/**
 * What comes back until it ends outlives its computed end by a few seconds whenever it changes, and in the daemon's
 * memory alone is noted until when it counts as alive. The same from the record: for as long after the last time that it
 * was asked for, unless that failed for more than a moment.
 */
export function withGrace(state: State, policy: Policy, now: Instant): State {
  const { token } = state.record;
  const hasEnded = state.end !== undefined && remaining(state.end, now) <= 0;
  if (!policy.repeats || !token || !hasEnded) return state;
  // Of what tells its rest the whole life is not known.
  const alive = aliveUntil(state, token, policy.repeats === 'with-rest' ? MINUTE : graceOf(token), now);
  return alive ? { ...state, alive } : state;
}

function aliveUntil({ record, end }: State, token: Token, grace: number, now: Instant): Deadline | undefined {
  const { ledger, setback } = record;
  if (!end) return undefined;
  if (setback) {
    // What was asked for shortly before the end came back; since then nothing has.
    const isLater = setback.failure.class === 'passing' && setback.since >= end.wall;
    return isLater ? after(instantOf(setback.since, now), grace) : undefined;
  }
  const { lastFetch = 0 } = ledger;
  const isPast = lastFetch <= now.wall;
  const asked = instantOf(Math.max(isPast ? lastFetch : 0, end.wall), now);
  return after(asked, pauseBefore(end, token, asked) + grace);
}

function instantOf(wall: number, now: Instant): Instant {
  return { wall, monotonic: now.monotonic - (now.wall - wall) };
}
