import type { Failure } from '../core/failure.ts';
import type { Logger } from './logger.ts';

/** What became of telling somebody that something has been published. Durations in ms. */
export interface Delivery {
  readonly type: 'delivered' | 'failed' | 'given-up';
  readonly notifier: string;
  readonly credential: string;
  readonly kind: string;
  readonly attempt: number;
  readonly attempts: number;
  readonly tookMs: number;
  readonly failure?: Failure;
}

/** Tells of deliveries, a line each: that one is given up is for a person, that one is tried again is not. */
export function createDeliveryNarrator(logger: Logger): (event: Delivery) => void {
  return ({ type, notifier, credential, kind, attempt, attempts, tookMs, failure }) => {
    const fields = { credential, ...(kind !== 'token' && { kind }), notifier, took_ms: Math.round(tookMs) };
    if (!failure) return logger.debug('told of the change', fields);
    const { message, code, advice } = failure;
    const why = { ...fields, attempt: `${attempt} of ${attempts}`, code, ...(advice && { advice }) };
    if (type === 'given-up') logger.error(`${message}; given up until the next change`, why);
    else logger.warn(`${message}; it is tried again`, why);
  };
}
