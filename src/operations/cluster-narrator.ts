import type { ClusterEvent, Loss } from '../core/cluster-event.ts';
import type { Logger } from './logger.ts';

const LOST: Readonly<Record<Loss, string>> = {
  taken: 'another daemon refreshes for all now',
  late: 'this daemon could not renew its Lease in time: another one refreshes for all as soon as one can',
  gone: 'the Lease is not there any more: nobody refreshes until it is made again',
  resigned:
    'the Lease was given back because of an AppSecret that is refused: another one refreshes for all, if there is one that can',
  kept: 'the Lease could not be given back: another daemon refreshes for all when it has run out',
  released: 'the Lease was given back: another daemon refreshes for all from now on',
};

const UNWANTED: ReadonlySet<Loss> = new Set(['late', 'gone', 'kept']);

/** Tells who leads, a line each, and what is wrong with each object of the cluster, once for as long as it lasts. */
export function createClusterNarrator(logger: Logger): (event: ClusterEvent) => void {
  const told = new Map<string, Set<string>>();

  return (event) => {
    switch (event.type) {
      case 'leads':
        return logger.info('this daemon refreshes for all now', { lease: event.lease });
      case 'follows':
        return logger[UNWANTED.has(event.why) ? 'warn' : 'info'](LOST[event.why], {
          lease: event.lease,
          ...(event.failure && { code: event.failure.code, error: event.failure.message }),
        });
      case 'held':
        return logger.info(`${event.holder} holds the Lease: this daemon follows it`, { lease: event.lease });
      case 'well':
        if (told.delete(event.object)) logger.info(`the ${event.object} can be reached again`);
        return;
      case 'trouble': {
        const { class: kind, code, message, advice } = event.failure;
        const known = told.get(event.object) ?? new Set<string>();
        told.set(event.object, known);
        // What has lasted for so long that a person must act is another matter than what may pass.
        if (known.has(`${kind} ${code}`)) return;
        known.add(`${kind} ${code}`);
        const fields = { object: event.object, code, ...(advice !== undefined && { advice }) };
        return logger.warn(message.includes(event.object) ? message : `${event.object}: ${message}`, fields);
      }
    }
  };
}
