import type { Clock } from '../../core/ports.ts';
import { LONGEST_GAP, secondsOf, untilNext } from './schedule.ts';

export interface Ticker {
  stop(): void;
}

/** Extra wait (ms): a timer may fire slightly early, and the same second would then be hit twice. */
const MARGIN = 5;

/**
 * Calls `tick` according to a cron expression (seconds first), with the number of ms by which the call is late.
 *
 * node-cron only parses the expression, because its own scheduler does not suit a daemon: it runs through every
 * second that it believes it missed, so that after a suspended weekend, or a clock set forward by a month, the
 * process would stall for seconds or minutes. When the clock was set back, it waits for the old time. To find the
 * next time it uses ICU's calendar, which costs 8 MB of memory and a millisecond per tick. A wait from now to the
 * next of the expression's seconds, never longer than the longest gap, has none of these problems.
 */
export function startTicker(expression: string, clock: Clock, tick: (lateMs: number) => void): Ticker {
  const seconds = secondsOf(expression);
  let timer = wait();

  function wait(): NodeJS.Timeout {
    const now = clock.now();
    const ms = Math.min(untilNext(seconds, now.wall), LONGEST_GAP) + MARGIN;
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
