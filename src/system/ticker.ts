import { schedule as scheduleTask } from 'node-cron';
import type { Clock } from '../core/ports.ts';
import { SECOND } from '../core/time.ts';

export interface Ticker {
  stop(): void;
}

/** How often the watchdog looks, in ms; the slowest schedule allowed ticks every 30 s. */
const WATCH = 10 * SECOND;

/** After so long without a tick, by the monotonic clock, the task counts as dead. */
const DEAD_AFTER = 45 * SECOND;

/** node-cron's own warnings would go to stderr in colour; a missed execution is what every tick makes up for. */
const QUIET = { info() {}, warn() {}, error() {}, debug() {} };

/**
 * Calls `tick` by a cron expression (seconds first). When the wall clock is set back, node-cron waits for the time it
 * had been waiting for; the watchdog counts on the monotonic clock and then starts the task anew.
 */
export function startTicker(expression: string, clock: Clock, tick: () => void): Ticker {
  let last = clock.now().monotonic;
  const beat = () => {
    last = clock.now().monotonic;
    try {
      tick();
    } catch (error) {
      // A programmer's mistake, which node-cron would keep to itself.
      queueMicrotask(() => {
        throw error;
      });
    }
  };
  let task = scheduleTask(expression, beat, { logger: QUIET });
  const watchdog = setInterval(() => {
    if (clock.now().monotonic - last < DEAD_AFTER) return;
    void task.destroy();
    task = scheduleTask(expression, beat, { logger: QUIET });
    beat();
  }, WATCH);

  return {
    stop() {
      clearInterval(watchdog);
      void task.destroy();
    },
  };
}
