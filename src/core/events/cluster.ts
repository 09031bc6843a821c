import type { Failure } from '../failure.ts';

/** Who refreshes for all daemons of a cluster. */
export interface Leadership {
  /** `NAMESPACE/NAME` */
  readonly lease: string;
  /** Whether it is this daemon. */
  readonly leads: boolean;
  /** Who holds the Lease, as far as is known: this daemon while it leads, and otherwise another one. */
  readonly holder?: string;
}

/**
 * `taken` by another one, `late` with its renewal, `gone` with the Lease, `resigned` since it cannot do it; where it ends, `released`, or `kept`
 * until the Lease has run out, since it could not be given back.
 */
export type Loss = 'taken' | 'late' | 'gone' | 'resigned' | 'released' | 'kept';

/** What happened between this daemon and the cluster, as the world may hear it. Nothing secret. */
export type ClusterEvent =
  /** This daemon refreshes for all from now on. */
  | { readonly type: 'leads'; readonly lease: string }
  /** It does no longer. */
  | { readonly type: 'follows'; readonly lease: string; readonly why: Loss; readonly failure?: Failure }
  /** Another one is seen to hold the Lease. */
  | { readonly type: 'held'; readonly lease: string; readonly holder: string }
  /** An object of the cluster cannot be read, watched or written. */
  | { readonly type: 'trouble'; readonly object: string; readonly failure: Failure }
  /** It can be again; `takesWrites` where it answered all the time, and took no writes. */
  | { readonly type: 'well'; readonly object: string; readonly takesWrites?: boolean };
