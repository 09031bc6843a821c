import type { ClusterEvent } from '../core/cluster-event.ts';
import type { Logger } from './logger.ts';

const LOST: Readonly<Record<Extract<ClusterEvent, { type: 'follows' }>['why'], string>> = {
  taken: 'another daemon refreshes for all now',
  late: 'this daemon could not renew its Lease in time: another one refreshes for all from now on',
  released: 'the Lease was given back: another daemon refreshes for all from now on',
};

/** Tells who leads, a line each, and what is wrong with the cluster: the first time, the second, the fourth … */
export function createClusterNarrator(logger: Logger): (event: ClusterEvent) => void {
  const repeats = new Map<string, Map<string, number>>();

  return (event) => {
    switch (event.type) {
      case 'leads':
        return logger.info('this daemon refreshes for all now', { lease: event.lease });
      case 'follows':
        return logger[event.why === 'late' ? 'warn' : 'info'](LOST[event.why], { lease: event.lease });
      case 'well':
        if (repeats.delete(event.object)) logger.info(`the ${event.object} can be reached again`);
        return;
      case 'trouble': {
        const { code, message, advice } = event.failure;
        const counts = repeats.get(event.object) ?? new Map<string, number>();
        repeats.set(event.object, counts);
        const times = (counts.get(code) ?? 0) + 1;
        counts.set(code, times);
        if ((times & (times - 1)) !== 0) return;
        const fields = { object: event.object, code, ...(advice !== undefined && { advice }) };
        return logger.warn(message, fields);
      }
    }
  };
}
