import type { ClusterEvent, Loss } from '../../core/events/cluster.ts';
import { type Backoff, backoffDelay, type Failure } from '../../core/failure.ts';
import type { Clock } from '../../core/ports.ts';
import { HOUR, MINUTE } from '../../core/time.ts';
import type { Logger } from './logger.ts';

const LOST: Readonly<Record<Loss, string>> = {
  taken: 'lost leadership: another daemon leads now',
  late: 'lost leadership: could not renew the Lease in time; another daemon leads as soon as one can',
  gone: 'lost leadership: the Lease was deleted; no daemon refreshes until it is created again',
  resigned: 'stepped down because the AppSecret is refused: another daemon leads, if there is one that can',
  kept: 'could not release the Lease: another daemon leads when it has expired',
  released: 'released the Lease: another daemon leads from now on',
};

const UNWANTED: ReadonlySet<Loss> = new Set(['late', 'gone', 'kept']);

/**
 * When a problem that lasts is logged again: after a minute, then more and more rarely. It may last seconds, or
 * hours.
 */
const AGAIN: Backoff = { first: MINUTE, growth: 2, cap: HOUR, jitter: 'full' };

/** A problem of one object that was logged. */
interface Told {
  /** Monotonic ms from which it may be logged again. */
  again: number;
  times: number;
}

/**
 * Logs which daemon leads, one line for each change, and what is wrong with an object of the cluster: at once, and then
 * more and more rarely.
 */
export function createClusterLog(logger: Logger, clock: Clock): (event: ClusterEvent) => void {
  const absences = new Map<string, Map<string, Told>>();

  function isTimeToTell(object: string, what: string): boolean {
    const told = absences.get(object) ?? new Map<string, Told>();
    absences.set(object, told);
    const { monotonic } = clock.now();
    const known = told.get(what);
    if (known && monotonic < known.again) return false;
    const times = (known?.times ?? 0) + 1;
    told.set(what, { again: monotonic + backoffDelay(AGAIN, times, 1), times });
    return true;
  }

  function tellOfTrouble(object: string, { code, class: kind, message, advice }: Failure): void {
    // A passing problem that has become permanent counts as a new one.
    if (!isTimeToTell(object, `${code} ${kind}`)) return;
    const line = message.includes(object) ? message : `${object}: ${message}`;
    logger.warn(line, { object, code, ...(advice !== undefined && { advice }) });
  }

  return (event) => {
    switch (event.type) {
      case 'leads':
        return logger.info('became the leader: this daemon refreshes for all', { lease: event.lease });
      case 'follows':
        return logger[UNWANTED.has(event.why) ? 'warn' : 'info'](LOST[event.why], {
          lease: event.lease,
          ...(event.failure && { code: event.failure.code, error: event.failure.message }),
        });
      case 'held':
        return logger.info(`${event.holder} holds the Lease: this daemon follows it`, { lease: event.lease });
      case 'well':
        if (absences.delete(event.object)) logger.info(`the ${event.object} can be reached again`);
        return;
      case 'trouble':
        return tellOfTrouble(event.object, event.failure);
    }
  };
}
