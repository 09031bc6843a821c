import { type Anchor, type LedgerTime, ledgerTime } from './anchor.ts';
import type { Answer, CredentialType, Token } from './credential.ts';
import type { Failure } from './failure.ts';
import type { Budget } from './quota.ts';
import { type AccountRecord, emptyRecord } from './record.ts';
import type { Refusals } from './refusal.ts';
import { type Deadline, earlier, type Instant, remaining } from './time.ts';

/** How a credential behaves and what its owner wishes. Durations in milliseconds. */
export interface Policy {
  readonly type: CredentialType;
  /** Every fetch kills the credential before: intent before the request, lock required. */
  readonly destructive: boolean;
  /** From so long before its end on, a token is replaced. */
  readonly window: number;
  /** The window shrinks to a third of a life shorter than three of it (where `expires_in` is the whole life). */
  readonly windowShrinks: boolean;
  /** Refreshes are spread over at most this much of the window's beginning. */
  readonly spread: number;
  /** How long a replaced token still works. */
  readonly overlap: number;
  readonly budget: Budget;
  /**
   * What a person's refresh does. `ordinary`: this type knows no forced one. `uncoordinated`: it does, but others
   * may hold the token without learning of the new one. `forced`: everyone who holds the token shares our state.
   */
  readonly manual: 'ordinary' | 'uncoordinated' | 'forced';
  /** Whether readers' refusals may force, where the type knows it. */
  readonly refusalForces: boolean;
  /** Ask again so often although nothing is due, to learn of a rotation made elsewhere; absent: never. */
  readonly recheck?: number;
}

/**
 * Why nothing is attempted before `until` (monotonic ms). A person's refresh skips `backoff` and `unready` once.
 * `blocked`: another daemon holds the lock, or the state folder does not work.
 */
export interface Hold {
  readonly why: 'backoff' | 'unready' | 'blocked';
  readonly until: number;
}

/**
 * How a person wants a refresh. `preferred`: forced where everyone who holds the token learns of it, otherwise an
 * ordinary call. `forced`: forced wherever the type knows it.
 */
export type Strength = 'ordinary' | 'preferred' | 'forced';

/** An answer that came after the lock was lost: whether it is the newest is only known under the lock. */
export interface Orphan {
  readonly answer: Answer;
  readonly startedAt: Instant;
  /** Of the record with which the request began. */
  readonly generation: number;
}

export interface TargetState {
  /** The generation of the token it holds; undefined until this process has looked. */
  readonly generation?: number;
  /** Monotonic ms from which on it may be tried, or looked at, again. */
  readonly dueAt: number;
  readonly failures: number;
  readonly failure?: Failure;
}

/** All that is known of one credential. Only `apply` makes a new one. */
export interface State {
  readonly record: AccountRecord;
  /** Whether the store holds this very record. */
  readonly saved: boolean;
  /** Monotonic ms at which the store was last read. */
  readonly lookedAt: number;
  /** When the store last showed a record that was no older than ours. */
  readonly seenAt?: Instant;
  /** Monotonic ms of the last good answer of the platform to this process. */
  readonly askedAt?: number;
  readonly anchor: Anchor;
  /** Of our own AppSecret. */
  readonly fingerprint?: string;
  /** When the record's token ends, by this process's clocks. */
  readonly end?: Deadline;
  /** The end that an intent without an outcome allows it at most. */
  readonly doubt?: Deadline;
  readonly orphan?: Orphan;
  /** This daemon's place in the spread, in [0, 1): drawn anew with every token. */
  readonly draw: number;
  /** Failed attempts in a row, and the last one. */
  readonly failures: number;
  readonly failure?: Failure;
  /** How often in a row the platform handed out the same token although it was due. */
  readonly unready: number;
  /** How often in a row a step could not even begin. */
  readonly blocked: number;
  readonly hold?: Hold;
  /** A person asked for a refresh that has not begun. */
  readonly manual?: Strength;
  readonly refusals?: Refusals;
  readonly targets: Readonly<Record<string, TargetState>>;
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
    anchor: { date: now.wall, ...now, certain: false },
    draw,
    failures: 0,
    unready: 0,
    blocked: 0,
    targets: Object.fromEntries(targets.map((id) => [id, { dueAt: 0, failures: 0 }])),
  };
}

/** Milliseconds of life the token has left, every reason to doubt it counted in; undefined without a token. */
export function lifeLeft({ end, doubt }: State, now: Instant): number | undefined {
  return end && remaining(doubt ? earlier(end, doubt) : end, now);
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

/** The time by which this credential's calls are counted. */
export function ledgerTimeOf({ anchor }: State, now: Instant): LedgerTime {
  return ledgerTime(anchor, now);
}

/** Every target is to be brought up to date at once, whatever it was waiting for. */
export function withTargetsDue(state: State): State {
  const targets = Object.entries(state.targets).map(([id, target]) => [id, { ...target, dueAt: 0 }] as const);
  return { ...state, targets: Object.fromEntries(targets) };
}
