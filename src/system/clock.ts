import type { Clock } from '../core/ports.ts';

/** The one place that knows the time. `performance.now()` is CLOCK_MONOTONIC. */
export const systemClock: Clock = {
  now: () => ({ wall: Date.now(), monotonic: performance.now() }),
};
