import type { Answer } from '../credential.ts';
import type { Failure } from '../failure.ts';
import type { AccountRecord } from '../record.ts';
import type { Demotion, Strength } from '../state/index.ts';
import type { Deadline, Instant } from '../time.ts';

/** What happened to a credential. */
export type Event =
  /** The store was read, beginning at `asOf` (monotonic ms). */
  | {
      readonly type: 'observed';
      readonly record: AccountRecord | undefined;
      readonly fingerprint?: string;
      readonly asOf?: number;
      /** It is there, but not all that goes with it. */
      readonly isPartial?: boolean;
    }
  /** Something says that the store may have changed. */
  | { readonly type: 'stirred' }
  /** What waits for the lock, or for a store that did not work, need not wait any longer. */
  | { readonly type: 'freed' }
  /** A person asked for a refresh; another daemon's person, where the generation of the token that is to go is said. */
  | { readonly type: 'requested'; readonly strength: Strength; readonly generation?: number }
  /** What was asked for, a refresh or a look at a refused token, is with the daemon that fetches. */
  | { readonly type: 'handed-over'; readonly reason: 'requested' | 'refused' }
  /** It cannot be made, and is not made later when nobody expects it any more. */
  | { readonly type: 'withdrawn'; readonly why: 'budget' | 'lagging' | 'late' }
  /** Nothing was sent: the lock is held by another daemon, or lost. */
  | { readonly type: 'blocked' }
  /** The store could not be locked or written. */
  | { readonly type: 'unstored'; readonly failure: Failure }
  /** About to send: this record, with the call spent and the intent, is as durable as it gets. */
  | {
      readonly type: 'began';
      readonly record: AccountRecord;
      readonly saved: boolean;
      readonly demoted?: Demotion;
    }
  | { readonly type: 'fetched'; readonly answer: Answer; readonly startedAt: Instant }
  | { readonly type: 'failed'; readonly failure: Failure }
  /** An answer came, but the lock was lost meanwhile. */
  | { readonly type: 'orphaned'; readonly answer: Answer; readonly startedAt: Instant }
  /** None came, and the request was sent so late that somebody else may have fetched before it. */
  | { readonly type: 'strayed'; readonly failure: Failure; readonly startedAt: Instant }
  /** The lock is held again and the store was read: the orphan's place can be told. */
  | { readonly type: 'settled' }
  /** A reader says that the platform refuses the current token. */
  | { readonly type: 'refused' }
  /** The platform was asked whether the current token works. */
  | { readonly type: 'probed'; readonly works: boolean }
  /** The platform was asked the time; epoch ms, where it told. */
  | { readonly type: 'timed'; readonly platformDate?: number }
  | { readonly type: 'saved'; readonly generation: number }
  /** It is to be published to these targets, which may have changed. */
  | { readonly type: 'retargeted'; readonly targets: readonly string[] }
  /** It holds the token of that generation, which ends then where it is not the current one. */
  | {
      readonly type: 'published';
      readonly target: string;
      readonly generation: number;
      readonly end?: Deadline;
    }
  | { readonly type: 'unpublished'; readonly target: string; readonly failure: Failure };
