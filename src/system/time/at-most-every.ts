import type { Clock } from '../../core/ports.ts';

/**
 * Limits how often `work` runs: the returned function runs it, unless it last ran less than `ms` ago.
 * @param ms minimum interval, by the monotonic clock
 */
export function atMostEvery(ms: number, clock: Clock, work: () => void): () => void {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    const now = clock.now().monotonic;
    if (now - last < ms) return;
    last = now;
    work();
  };
}
