import type { Fetched } from '../credential.ts';
import type { Failure } from '../failure.ts';
import type { Published } from '../published.ts';
import type { PushedTicket } from '../pushed-ticket.ts';
import type { AccountRecord } from '../record.ts';
import type { Sign } from '../state/authorisation.ts';
import type { Doubter } from '../state/doubts.ts';
import type { DowngradeReason, HandedOver, Strength } from '../state/request.ts';
import type { Deadline, Instant } from '../time.ts';

/** What happened to a credential. */
export type Event =
  /** The store was read; the read began at `asOf` (monotonic ms). */
  | {
      readonly type: 'observed';
      readonly record: AccountRecord | undefined;
      readonly fingerprint?: string;
      readonly asOf?: number;
      /** The record is there, but not everything that goes with it. */
      readonly isPartial?: boolean;
      /** What the targets hold, where that was looked at as well. */
      readonly published?: readonly Published[];
      /** The newest ticket that the platform has pushed, where one is needed. */
      readonly ticket?: PushedTicket;
    }
  /** Store, AppSecret and targets were looked at, and are as they were. When targets are due does not change. */
  | { readonly type: 'unchanged' }
  /** A target holds a newer token than the one that was to be published there. */
  | { readonly type: 'found'; readonly target: string; readonly published: Published }
  /** Something says that the store may have changed. */
  | { readonly type: 'invalidated' }
  /** Whatever waits for the lock, or for a store that did not work, need not wait any longer. */
  | { readonly type: 'freed' }
  /**
   * A person asked for a refresh. With a `generation`, the person asked another daemon, for the replacement of the
   * token of that generation.
   */
  | { readonly type: 'requested'; readonly strength: Strength; readonly generation?: number }
  /** The account has authorised the third party anew. */
  | { readonly type: 'authorised'; readonly sign: Sign }
  /** Something has come of the code with that mark elsewhere. */
  | { readonly type: 'code-settled'; readonly mark: string }
  /** The daemon that fetches has been asked for the refresh, for a look at the refused token, or was given the code. */
  | { readonly type: 'handed-over'; readonly reason: HandedOver }
  /** The refresh cannot be made now, and it is not made later, when nobody expects it any more. */
  | { readonly type: 'withdrawn'; readonly why: 'budget' | 'lagging' | 'late' }
  /**
   * Nothing was sent: the lock is held by another daemon, or lost. `untold`: the daemon that holds it could not be asked,
   * since the store does not work.
   */
  | { readonly type: 'blocked'; readonly untold?: true }
  /** The store could not be locked or written. */
  | { readonly type: 'unstored'; readonly failure: Failure }
  /** A request is about to be sent. This record, with the call spent and the intent, is as durable as it gets. */
  | {
      readonly type: 'began';
      readonly record: AccountRecord;
      readonly saved: boolean;
      readonly downgraded?: DowngradeReason;
      /** The mark of the authorisation that it follows up. */
      readonly follows?: string;
    }
  | { readonly type: 'fetched'; readonly answer: Fetched; readonly startedAt: Instant }
  | { readonly type: 'failed'; readonly failure: Failure }
  /** The platform is about to be asked to push tickets again; this record, which says so, has been written. */
  | { readonly type: 'push-starting'; readonly record: AccountRecord }
  /** The platform was asked to push tickets again. */
  | { readonly type: 'push-started'; readonly failure?: Failure }
  /** An answer came, but the lock was lost meanwhile. */
  | { readonly type: 'answered-late'; readonly answer: Fetched; readonly startedAt: Instant }
  /** No answer came, and the request was sent so late that another daemon may have fetched before it. */
  | { readonly type: 'failed-late'; readonly failure: Failure; readonly startedAt: Instant }
  /** The lock is held again and the store was read, so the place of the late response can be told. */
  | { readonly type: 'settled' }
  /** The platform refuses the current token, or may do so. */
  | { readonly type: 'doubted'; readonly by: Doubter }
  /** The token that it was fetched with is dead, since its authorisation is gone. */
  | { readonly type: 'orphaned'; readonly at: Deadline }
  /** There is another token to ask with, or the same one is authorised again. */
  | { readonly type: 'base-renewed' }
  /** The platform was asked whether the current token works. */
  | { readonly type: 'probed'; readonly works: boolean }
  /** The platform was asked for its time, epoch ms, which it may not have told. */
  | { readonly type: 'timed'; readonly platformDate?: number }
  | { readonly type: 'saved'; readonly generation: number }
  /** Somebody may have changed what a target holds. */
  | { readonly type: 'touched'; readonly target: string }
  /** The targets to publish to are these from now on. */
  | { readonly type: 'retargeted'; readonly targets: readonly string[] }
  /** A target holds the token of that generation. `end` says when that one ends, where it is not the current one. */
  | {
      readonly type: 'published';
      readonly target: string;
      readonly generation: number;
      readonly end?: Deadline;
      /** What is wrong with the target all the same. */
      readonly flaw?: Failure;
    }
  | { readonly type: 'unpublished'; readonly target: string; readonly failure: Failure };
