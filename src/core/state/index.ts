import type { Answer, Token } from '../credential.ts';
import type { Failure } from '../failure.ts';
import type { Policy } from '../policy.ts';
import { type AccountRecord, emptyRecord } from '../record.ts';
import { type Deadline, earlier, type Instant, remaining } from '../time.ts';
import { guessedClock, type PlatformClock } from './clock.ts';
import type { Refusals } from './reader-reports.ts';
import { freshTargets, type Targets } from './targets.ts';

/**
 * Why nothing is attempted before `until` (monotonic ms). A person's refresh skips `backoff` and `unready` once.
 * `blocked`: another daemon holds the lock.
 */
export interface Hold {
  readonly why: 'backoff' | 'unready' | 'blocked';
  readonly until: number;
}

/** The store can be neither locked nor written. Only what must be written down first waits for it. */
export interface StoreTrouble {
  readonly failures: number;
  readonly failure: Failure;
  /** Monotonic ms from which on it may be tried again. */
  readonly retryAt: number;
}

/**
 * How a person wants a refresh. `preferred`: forced where everyone who holds the token learns of it, otherwise an
 * ordinary call. `forced`: forced wherever the type knows it.
 */
export type Strength = 'ordinary' | 'preferred' | 'forced';

/** Why a forced refresh was made an ordinary one. */
export type Demotion = 'uncoordinated' | 'store' | 'spacing' | 'forced-budget';

/**
 * What came of a request after the lock was lost, an answer or none: whether it was the newest is only known under the
 * lock.
 */
export interface Orphan {
  readonly outcome: { readonly answer: Answer } | { readonly failure: Failure };
  readonly startedAt: Instant;
  /** Of the record with which the request began. */
  readonly generation: number;
}

/** All that is known of one credential. Only `apply` makes a new one. */
export interface State {
  readonly record: AccountRecord;
  /** Whether the store holds this very record. */
  readonly saved: boolean;
  /** Monotonic ms at which the store was last read. */
  readonly lookedAt: number;
  /** Monotonic ms at which something last said that it may have changed. */
  readonly stirredAt?: number;
  /** When the store last showed a record that was no older than ours. */
  readonly seenAt?: Instant;
  readonly trouble?: StoreTrouble;
  /** Monotonic ms at which the platform last answered well, or at which the token was taken over from the store. */
  readonly askedAt?: number;
  /** Monotonic ms of the start of the last request that brought the current token, the same one again included. */
  readonly confirmedAt?: number;
  readonly clock: PlatformClock;
  /** Of our own AppSecret. */
  readonly fingerprint?: string;
  /** When the record's token ends, by this process's clocks. */
  readonly end?: Deadline;
  /** The platform has handed it out again, so it lives until then whatever `end` says. */
  readonly alive?: Deadline;
  /** The end that an intent without an outcome allows it at most. */
  readonly doubt?: Deadline;
  readonly orphan?: Orphan;
  /** This daemon's place in the spread, in [0, 1): drawn anew with every token. */
  readonly draw: number;
  /** Failed attempts in a row, and the last one. */
  readonly failures: number;
  readonly failure?: Failure;
  /** It was not ours: another daemon has met it and written it down. */
  readonly heard?: true;
  /** How often in a row the platform handed out the same token although it was due. */
  readonly unready: number;
  /** How often in a row another daemon held the lock. */
  readonly blocked: number;
  readonly hold?: Hold;
  /** A person asked for a refresh that has not begun. */
  readonly manual?: Strength;
  /** What became of the last one: why it was not made, or not made by force. */
  readonly declined?: 'budget' | 'lagging' | 'mirror' | Demotion;
  /** A wish is with the daemon that fetches: the generation of the record before it. */
  readonly awaited?: number;
  readonly refusals?: Refusals;
  readonly targets: Targets;
}

/** What a step from one state to the next may depend on besides the event. */
export interface Context {
  readonly policy: Policy;
  readonly now: Instant;
  /** In [0, 1). */
  readonly random: number;
}

export function initialState(account: string, targets: readonly string[], now: Instant, draw: number): State {
  return {
    record: emptyRecord(account, now.wall),
    saved: true,
    lookedAt: Number.NEGATIVE_INFINITY,
    clock: guessedClock(now),
    draw,
    failures: 0,
    unready: 0,
    blocked: 0,
    targets: freshTargets(targets),
  };
}

/** Milliseconds of life the token has left, every reason to doubt it counted in; undefined without a token. */
export function lifeLeft({ end, alive, doubt }: State, now: Instant): number | undefined {
  if (!end) return undefined;
  const left = remaining(doubt ? earlier(end, doubt) : end, now);
  return alive ? Math.max(left, remaining(alive, now)) : left;
}

/** The token, while it has life left. */
export function liveToken(state: State, now: Instant): Token | undefined {
  return (lifeLeft(state, now) ?? 0) > 0 ? state.record.token : undefined;
}

/** Whether every target holds the current token and that token has life left. */
export function isPublished(state: State, now: Instant): boolean {
  const token = liveToken(state, now);
  return (
    token !== undefined &&
    Object.values(state.targets).every((target) => target.generation === token.generation)
  );
}

/**
 * What keeps a credential from being published: of a token that lives it is what a target said, otherwise what the
 * platform or the store did.
 */
export function obstacle(state: State, now: Instant): Failure | undefined {
  const targets = liveToken(state, now) ? Object.values(state.targets) : [];
  return targets.find(({ failure }) => failure)?.failure ?? state.failure ?? state.trouble?.failure;
}
