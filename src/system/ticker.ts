import { createTask } from 'node-cron';
import type { Clock } from '../core/ports.ts';
import { LONGEST_GAP } from './schedule.ts';

export interface Ticker {
  stop(): void;
}

/** A timer may fire a moment early, and then the same second would come twice; ms. */
const HAIR = 5;

/**
 * Calls `tick` by a cron expression (seconds first), and tells it by how many ms it is late.
 *
 * node-cron is only asked when the next tick is. Run by itself it goes through every second that it thinks it missed,
 * so after a suspended weekend or a clock set forward by a month the process would stand still for seconds or minutes;
 * and it waits for the old time where the clock was set back. A wait that is never longer than the longest gap, from
 * now to the next time, knows neither.
 */
export function startTicker(expression: string, clock: Clock, tick: (lateMs: number) => void): Ticker {
  const task = createTask(expression, () => {});
  let timer = wait();

  function wait(): NodeJS.Timeout {
    const ms = untilNext();
    const due = clock.now().monotonic + ms;
    return setTimeout(() => {
      timer = wait();
      tick(Math.max(0, clock.now().monotonic - due));
    }, ms);
  }

  function untilNext(): number {
    const [next] = task.getNextRuns(1);
    const wait = next ? next.getTime() - clock.now().wall : LONGEST_GAP;
    return Math.min(Math.max(wait, 0), LONGEST_GAP) + HAIR;
  }

  return {
    stop() {
      clearTimeout(timer);
      void task.destroy();
    },
  };
}
