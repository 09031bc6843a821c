import type { ClusterEvent, Loss } from '../../core/events/cluster.ts';
import { type Backoff, backoffDelay, type Failure } from '../../core/failure.ts';
import type { Clock } from '../../core/ports.ts';
import { HOUR, MINUTE } from '../../core/time.ts';
import type { Logger } from './logger.ts';
import { toldFields } from './told-fields.ts';

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

/** What was logged of one object. */
interface Absence {
  readonly troubles: Map<string, Told>;
  /** Monotonic ms since which nothing is wrong with it. */
  wellSince?: number;
  /** Whether a problem was logged since it was last said to be over. */
  isOpen: boolean;
}

/**
 * Logs which daemon leads, one line for each change, and what is wrong with an object of the cluster: at once, and then
 * more and more rarely. Of one that comes and goes there are two lines a minute at most.
 */
export function createClusterLog(logger: Logger, clock: Clock): (event: ClusterEvent) => void {
  const absences = new Map<string, Absence>();

  function isTimeToTell(object: string, what: string): boolean {
    const { monotonic } = clock.now();
    const absence = absenceOf(object, monotonic);
    const { troubles } = absence;
    const known = troubles.get(what);
    if (known && monotonic < known.again) return false;
    const times = (known?.times ?? 0) + 1;
    troubles.set(what, { again: monotonic + backoffDelay(AGAIN, times, 1), times });
    absence.isOpen = true;
    return true;
  }

  /** A problem that comes back within a minute has not gone: an object that comes and goes would fill the log. */
  function absenceOf(object: string, monotonic: number): Absence {
    const known = absences.get(object);
    const isOver = known?.wellSince !== undefined && monotonic - known.wellSince >= AGAIN.first;
    const absence = known && !isOver ? known : { troubles: new Map<string, Told>(), isOpen: false };
    delete absence.wellSince;
    absences.set(object, absence);
    return absence;
  }

  function tellOfRecovery(object: string, what: string): void {
    const absence = absences.get(object);
    if (!absence || absence.wellSince !== undefined) return;
    const { monotonic } = clock.now();
    absence.wellSince = monotonic;
    // The log says that all is well, so it must not wait an hour before it says otherwise.
    for (const told of absence.troubles.values()) told.again = Math.min(told.again, monotonic + AGAIN.first);
    if (absence.isOpen) logger.info(`${object.startsWith('the ') ? '' : 'the '}${object} ${what} again`);
    absence.isOpen = false;
  }

  function tellOfTrouble(object: string, failure: Failure): void {
    const { code, class: kind, message } = failure;
    // A passing problem that has become permanent counts as a new one.
    if (!isTimeToTell(object, `${code} ${kind}`)) return;
    const line = message.includes(object) ? message : `${object}: ${message}`;
    logger.warn(line, { object, code, ...toldFields(failure) });
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
        return tellOfRecovery(event.object, event.takesWrites ? 'takes writes' : 'can be reached');
      case 'trouble':
        return tellOfTrouble(event.object, event.failure);
    }
  };
}
