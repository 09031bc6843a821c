import type { Clock } from '../../core/ports.ts';
import { SECOND } from '../../core/time.ts';

/** Longest wait (ms) that gets a timer: anything later is in time with the ordinary ticks. */
const LONGEST_WAIT = 5 * SECOND;

/** Minimum wait (ms): several requests for about the same moment cause a single call. */
const SHORTEST_WAIT = 200;

/** One shared timer for all work that is due before the next tick. The next tick makes up for a missed wake-up. */
export interface Waker {
  /**
   * Requests a wake-up.
   * @param ms from now
   */
  in(ms: number): void;
  stop(): void;
}

/**
 * Creates a {@link Waker}.
 * @param wake called at the earliest requested moment
 */
export function createWaker(clock: Clock, wake: () => void): Waker {
  let timer: NodeJS.Timeout | undefined;
  let dueAt = Number.POSITIVE_INFINITY;
  let stopped = false;

  return {
    in(ms) {
      if (stopped || ms > LONGEST_WAIT) return;
      const at = clock.now().monotonic + Math.max(ms, SHORTEST_WAIT);
      if (at >= dueAt) return;
      clearTimeout(timer);
      dueAt = at;
      timer = setTimeout(
        () => {
          dueAt = Number.POSITIVE_INFINITY;
          wake();
        },
        Math.max(ms, SHORTEST_WAIT),
      );
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
