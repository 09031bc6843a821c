import type { DeliveryEvent } from '../../core/events/delivery.ts';
import type { Logger } from './logger.ts';
import { toldFields } from './told-fields.ts';

/**
 * Logs deliveries to notifiers, one line each. One that is given up is an error, since a person must act; one that
 * will be retried is a warning.
 */
export function createDeliveryLog(logger: Logger): (event: DeliveryEvent) => void {
  return ({ notifier, credential, kind, attempt, attempts, tookMs, ...event }) => {
    const fields = { credential, ...(kind !== 'token' && { kind }), notifier, took_ms: Math.round(tookMs) };
    if (event.type === 'delivered') return logger.debug('notified', fields);
    const { message, code } = event.failure;
    const why = { ...fields, attempt: `${attempt} of ${attempts}`, code, ...toldFields(event.failure) };
    if (code === 'removed') logger.info(message, fields);
    else if (event.type === 'given-up') logger.error(`${message}; given up until the next change`, why);
    else logger.warn(`${message}; retrying`, why);
  };
}

/** A notifier that waits because other notifiers use up the allowed concurrency. */
export interface QueuedNotifier {
  readonly credential: string;
  readonly notifier: string;
  /** The credential, program or host whose share is used up; absent when the whole limit is. */
  readonly of?: string;
  /** Names of the running notifiers. */
  readonly taken: readonly string[];
}

/** Most running notifiers that a line names; the rest is counted. */
const MOST_NAMED = 3;

/** Logs notifiers that have to wait for a slot. */
export function createNotifierQueueLog(logger: Logger): (wait: QueuedNotifier) => void {
  return ({ credential, notifier, of, taken }) => {
    const names = [...new Set(taken)];
    const more = names.length - MOST_NAMED;
    const running = [...names.slice(0, MOST_NAMED), ...(more > 0 ? [`and ${more} more`] : [])];
    const room = of === undefined ? 'all slots are in use' : `all slots of ${of} are in use`;
    logger.warn(`notifier is queued: ${room}`, {
      credential,
      notifier,
      running,
      advice: {
        en: 'a notifier that hangs keeps its slot until its timeout: make it faster, or its timeout shorter',
        zh: '卡住的钩子会一直占着名额，直到超时：让它更快，或缩短它的超时时间',
      },
    });
  };
}
