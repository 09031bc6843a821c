import type { Failure } from '../failure.ts';

/** What became of one attempt to tell somebody, as the world may hear it. Durations in ms; nothing secret. */
export type DeliveryEvent = {
  /** The notifier's id. */
  readonly notifier: string;
  readonly credential: string;
  readonly kind: string;
  /** Counts from 1 for each change; 0 where there was no time for any. */
  readonly attempt: number;
  readonly attempts: number;
  readonly tookMs: number;
} & (
  | { readonly type: 'delivered' }
  /** It is tried again after `retryMs`, with the newest change there is by then. */
  | { readonly type: 'failed'; readonly failure: Failure; readonly retryMs: number }
  /** Nothing more is tried until the next change. */
  | { readonly type: 'given-up'; readonly failure: Failure }
);
