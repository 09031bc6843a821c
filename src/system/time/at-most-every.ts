import type { Clock } from '../../core/ports.ts';

/**
 * Does the work when it is called, unless it was done less than so long ago.
 * @param ms by the monotonic clock
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
