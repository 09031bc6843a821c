import type { Clock } from '../../core/ports.ts';
import { LONGEST_GAP, secondsOf, untilNext } from './schedule.ts';

export interface Ticker {
  stop(): void;
}

/** A timer may fire a moment early, and then the same second would come twice; ms. */
const HAIR = 5;

/**
 * Calls `tick` by a cron expression (seconds first), and tells it by how many ms it is late.
 *
 * node-cron is only asked what the expression means. Run by itself it goes through every second that it thinks it
 * missed, so after a suspended weekend or a clock set forward by a month the process would stand still for seconds or
 * minutes; it waits for the old time where the clock was set back; and for the next time it asks ICU for the calendar,
 * which is 8 MB of memory and a millisecond at every tick. A wait that is never longer than the longest gap, from now to
 * the next of the expression's seconds, knows none of that.
 */
export function startTicker(expression: string, clock: Clock, tick: (lateMs: number) => void): Ticker {
  const seconds = secondsOf(expression);
  let timer = wait();

  function wait(): NodeJS.Timeout {
    const now = clock.now();
    const ms = Math.min(untilNext(seconds, now.wall), LONGEST_GAP) + HAIR;
    const due = now.monotonic + ms;
    return setTimeout(() => {
      timer = wait();
      tick(Math.max(0, clock.now().monotonic - due));
    }, ms);
  }

  return {
    stop() {
      clearTimeout(timer);
    },
  };
}
