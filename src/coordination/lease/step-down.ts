import type { Clock } from '../../core/ports.ts';
import { MINUTE } from '../../core/time.ts';

/**
 * Lets the leader give up its Lease in favour of a daemon that may do better. It waits until no leader-only work is in
 * progress: the daemon that began such work also finishes it.
 */
export interface StepDown {
  /**
   * To be called before work that only the leader may do.
   * @returns a function to be called when that work is over; undefined when the work may not begin
   */
  enter(): (() => void) | undefined;
  /** Whether leader-only work may begin. While it may not, forwarded requests are left for the next leader. */
  isOpen(): boolean;
  /**
   * Requests that another daemon lead. It is ignored within a minute of the last time: if no daemon can do better, the
   * Lease must not circulate among them.
   */
  request(): void;
}

export interface StepDownOptions {
  readonly clock: Clock;
  readonly leads: () => boolean;
  /** Releases the Lease at once. */
  readonly resign: () => void;
}

/**
 * Minimum interval between two step-downs, ms. It is no shorter than the time after which a refused secret is
 * retried.
 */
const MIN_INTERVAL = MINUTE;

/** Creates the step-down of one daemon, on which nothing has been requested yet. */
export function createStepDown({ clock, leads, resign }: StepDownOptions): StepDown {
  let inside = 0;
  let wanted = false;
  let last = Number.NEGATIVE_INFINITY;

  function resignWhenIdle(): void {
    if (!wanted || inside > 0) return;
    wanted = false;
    if (!leads()) return;
    last = clock.now().monotonic;
    resign();
  }

  const isOpen = () => !wanted && leads();

  return {
    isOpen,
    enter() {
      if (!isOpen()) return undefined;
      inside += 1;
      return () => {
        inside -= 1;
        resignWhenIdle();
      };
    },
    request() {
      if (!leads() || clock.now().monotonic - last < MIN_INTERVAL) return;
      wanted = true;
      resignWhenIdle();
    },
  };
}
