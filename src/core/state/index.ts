/**
 * All that is known of one credential, in slices: each is one module with its type, its initial value, the pure
 * functions that make the next value, and the questions asked of it. `apply` composes them. Here is what needs more
 * than one slice.
 */
import type { Token } from '../credential.ts';
import type { Failure } from '../failure.ts';
import { type AccountRecord, emptyRecord } from '../record.ts';
import type { Deadline, Instant } from '../time.ts';
import { type Attempts, NO_ATTEMPTS } from './attempts.ts';
import type { Authorisation } from './authorisation.ts';
import { guessedClock, type PlatformClock } from './clock.ts';
import { type Doubts, NO_DOUBTS, settled } from './doubts.ts';
import type { LateResponse } from './late-response.ts';
import { type Life, lifeByClocks, lifeLeft, newLife } from './life.ts';
import { NOTHING_PUSHED, type PushedState } from './pushed.ts';
import { NO_REQUEST, type RequestState } from './request.ts';
import { type StoreState, UNREAD_STORE } from './store.ts';
import { allDue, freshTargets, type Targets } from './targets.ts';

/** Only `apply` makes a new one. */
export interface State {
  readonly record: AccountRecord;
  /** Of our own AppSecret. Absent until it could be read. */
  readonly fingerprint?: string;
  readonly clock: PlatformClock;
  readonly store: StoreState;
  readonly life: Life;
  readonly attempts: Attempts;
  readonly request: RequestState;
  readonly targets: Targets;
  readonly doubts: Doubts;
  readonly pushed: PushedState;
  /** Present until a fetch has followed it up. */
  readonly authorisation?: Authorisation;
  /** Present until a look under the lock has told its place. */
  readonly late?: LateResponse;
}

export function initialState(
  account: string,
  targets: readonly string[],
  now: Instant,
  jitterSeed: number,
): State {
  return {
    record: emptyRecord(account, now.wall),
    clock: guessedClock(now),
    store: UNREAD_STORE,
    life: { jitterSeed },
    attempts: NO_ATTEMPTS,
    request: NO_REQUEST,
    targets: freshTargets(targets),
    doubts: NO_DOUBTS,
    pushed: NOTHING_PUSHED,
  };
}

/** A new token: everything that was held against the old one is over, and every target is due. */
export function withToken(
  state: State,
  token: Token,
  end: Deadline,
  { now, random }: { readonly now: Instant; readonly random: number },
): State {
  return {
    ...state,
    record: { ...state.record, token },
    life: newLife(state.life, end, random, now),
    attempts: NO_ATTEMPTS,
    targets: allDue(state.targets),
    doubts: settled(state.doubts),
  };
}

/** The token, while it has life left. */
export function liveToken({ life, record }: State, now: Instant): Token | undefined {
  return (lifeLeft(life, now) ?? 0) > 0 ? record.token : undefined;
}

/** The token, until it ends by the clocks, whatever the platform has said of its authorisation: so long it is published. */
export function servedToken({ life, record }: State, now: Instant): Token | undefined {
  return (lifeByClocks(life, now) ?? 0) > 0 ? record.token : undefined;
}

/** Whether every target holds the current token and that token has life left. */
export function isPublished(state: State, now: Instant): boolean {
  const token = liveToken(state, now);
  return token !== undefined && state.targets.every((target) => target.generation === token.generation);
}

/**
 * What keeps a credential from being published. Of a token that lives it is what a target said, otherwise what the
 * platform or the store did.
 */
export function obstacle(state: State, now: Instant): Failure | undefined {
  const targets = liveToken(state, now) ? state.targets : [];
  return (
    targets.find(({ failure }) => failure)?.failure ??
    state.attempts.failure ??
    state.store.trouble?.failure ??
    state.pushed.startFailure
  );
}
