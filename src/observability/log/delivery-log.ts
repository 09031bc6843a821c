import type { DeliveryEvent } from '../../core/events/delivery.ts';
import type { Logger } from './logger.ts';

/** Tells of deliveries, a line each: that one is given up is for a person, that one is tried again is not. */
export function createDeliveryNarrator(logger: Logger): (event: DeliveryEvent) => void {
  return ({ notifier, credential, kind, attempt, attempts, tookMs, ...event }) => {
    const fields = { credential, ...(kind !== 'token' && { kind }), notifier, took_ms: Math.round(tookMs) };
    if (event.type === 'delivered') return logger.debug('told of the change', fields);
    const { message, code, advice } = event.failure;
    const why = { ...fields, attempt: `${attempt} of ${attempts}`, code, ...(advice && { advice }) };
    if (code === 'removed') logger.info(message, fields);
    else if (event.type === 'given-up') logger.error(`${message}; given up until the next change`, why);
    else logger.warn(`${message}; it is tried again`, why);
  };
}

/** Who waits to be told because of what else runs. */
export interface Crowding {
  readonly credential: string;
  readonly notifier: string;
  /** Whose share of the room is taken; absent: all of it. */
  readonly of?: string;
  readonly taken: readonly string[];
}

/** More of them are counted. */
const MOST_NAMED = 3;

export function createCrowdNarrator(logger: Logger): (wait: Crowding) => void {
  return ({ credential, notifier, of, taken }) => {
    const names = [...new Set(taken)];
    const more = names.length - MOST_NAMED;
    const running = [...names.slice(0, MOST_NAMED), ...(more > 0 ? [`and ${more} more`] : [])];
    const room = of === undefined ? 'all of the room is taken' : `the share of ${of} is taken`;
    logger.warn(`nobody is told yet: ${room} by what runs`, {
      credential,
      notifier,
      running,
      advice: 'what hangs takes the room until its timeout: make it quicker, or its timeout shorter',
    });
  };
}
