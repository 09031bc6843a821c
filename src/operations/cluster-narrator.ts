import type { ClusterEvent, Loss } from '../core/cluster-event.ts';
import type { Logger } from './logger.ts';

const LOST: Readonly<Record<Loss, string>> = {
  taken: 'another daemon refreshes for all now',
  late: 'this daemon could not renew its Lease in time: another one refreshes for all from now on',
  resigned:
    'the Lease was given back because of an AppSecret that is refused: another one refreshes for all, if there is one that can',
  released: 'the Lease was given back: another daemon refreshes for all from now on',
};

/** Tells who leads, a line each, and what is wrong with each object of the cluster, once for as long as it lasts. */
export function createClusterNarrator(logger: Logger): (event: ClusterEvent) => void {
  const told = new Map<string, Set<string>>();

  return (event) => {
    switch (event.type) {
      case 'leads':
        return logger.info('this daemon refreshes for all now', { lease: event.lease });
      case 'follows':
        return logger[event.why === 'late' ? 'warn' : 'info'](LOST[event.why], { lease: event.lease });
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
