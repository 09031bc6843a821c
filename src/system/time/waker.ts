import type { Clock } from '../../core/ports.ts';
import { SECOND } from '../../core/time.ts';

/** What is further away comes in time by the ordinary ticks, ms. */
const FARTHEST = 5 * SECOND;

/** Between two calls at least, ms: many that wait for about the same moment are called once. */
const NEAREST = 200;

/** One timer for all who have something to do before the next tick. A wake-up that is missed is made up by that tick. */
export interface Waker {
  /** @param ms from now */
  in(ms: number): void;
  stop(): void;
}

export function createWaker(clock: Clock, wake: () => void): Waker {
  let timer: NodeJS.Timeout | undefined;
  let dueAt = Number.POSITIVE_INFINITY;
  let stopped = false;

  return {
    in(ms) {
      if (stopped || ms > FARTHEST) return;
      const at = clock.now().monotonic + Math.max(ms, NEAREST);
      if (at >= dueAt) return;
      clearTimeout(timer);
      dueAt = at;
      timer = setTimeout(
        () => {
          dueAt = Number.POSITIVE_INFINITY;
          wake();
        },
        Math.max(ms, NEAREST),
      );
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
