import type { Failure } from '../core/failure.ts';
import type { Step } from '../core/plan.ts';
import { type Demotion, isPublished, lifeLeft, obstacle, type State } from '../core/state.ts';
import type { Instant } from '../core/time.ts';
import type { RefreshOutcome } from './request-folder.ts';

export type Outcome = Omit<RefreshOutcome, 'name'>;

export const TOO_LONG: Outcome = { result: 'failed', message: 'it took too long' };

/** Why a refresh by force was made as an ordinary call. */
const NOT_FORCED: Readonly<Record<Demotion, string>> = {
  uncoordinated: 'others may hold the token',
  store: 'a forced refresh is written down first, and the state folder does not work',
  spacing: 'WeChat ignores a forced refresh within 30 s of another',
  'forced-budget': 'the forced refreshes of the day are used up',
};

const DECLINED: Readonly<Record<NonNullable<State['declined']>, Outcome>> = {
  budget: { result: 'failed', message: 'the budget of calls allows no fetch now' },
  lagging: {
    result: 'refused',
    message: 'other daemons have moved on to a newer AppSecret: this one was replaced',
  },
  mirror: {
    result: 'failed',
    message: 'this daemon only mirrors it: it is refreshed by the daemon that fetches it',
  },
  uncoordinated: notForced('uncoordinated'),
  store: notForced('store'),
  spacing: notForced('spacing'),
  'forced-budget': notForced('forced-budget'),
};

function notForced(why: Demotion): Outcome {
  return { result: 'failed', message: `not forced, an ordinary call was made: ${NOT_FORCED[why]}` };
}

/** What became of a request; undefined while it is under way. */
export function judge(
  { state, step }: { readonly state: State; readonly step: Step },
  forced: boolean,
  now: Instant,
): Outcome | undefined {
  if (state.manual !== undefined) {
    const isStuck = step.kind === 'wait' && step.why === 'blocked' && state.trouble;
    return isStuck ? failed(isStuck.failure) : undefined;
  }
  if (state.awaited !== undefined) return undefined;
  if (state.declined && (forced || !(state.declined in NOT_FORCED))) return DECLINED[state.declined];
  if (state.failure) return failed(state.failure);
  if (!isPublished(state, now)) {
    const failure = obstacle(state, now);
    return failure && failed(failure);
  }
  const seconds = Math.round((lifeLeft(state, now) ?? 0) / 1000);
  const what =
    state.unready > 0 ? 'the platform handed out the same token again' : 'a new token is published';
  return { result: 'published', message: `${what}, good for ${seconds} s` };
}

function failed({ class: kind, message, advice }: Failure): Outcome {
  const result = kind === 'refused' || kind === 'confirmation' ? 'refused' : 'failed';
  return { result, message: advice ? `${message}; ${advice}` : message };
}
