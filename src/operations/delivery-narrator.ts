import type { DeliveryEvent } from '../core/delivery-event.ts';
import type { Logger } from './logger.ts';

/** Tells of deliveries, a line each: that one is given up is for a person, that one is tried again is not. */
export function createDeliveryNarrator(logger: Logger): (event: DeliveryEvent) => void {
  return ({ notifier, credential, kind, attempt, attempts, tookMs, ...event }) => {
    const fields = { credential, ...(kind !== 'token' && { kind }), notifier, took_ms: Math.round(tookMs) };
    if (event.type === 'delivered') return logger.debug('told of the change', fields);
    const { message, code, advice } = event.failure;
    const why = { ...fields, attempt: `${attempt} of ${attempts}`, code, ...(advice && { advice }) };
    if (event.type === 'given-up') logger.error(`${message}; given up until the next change`, why);
    else logger.warn(`${message}; it is tried again`, why);
  };
}
