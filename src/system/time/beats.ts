import type { Clock } from '../../core/ports.ts';
import { SECOND } from '../../core/time.ts';
import { systemClock } from './clock.ts';

/**
 * What is done now and then for as long as the process lives: at a tick of the daemon, so that it wakes up once for both, and by
 * itself where ticks are rare or there are none.
 */
export interface Beats {
  /**
   * Does the work again and again, first after such a rest.
   * @param rest how long (ms) nothing is done at least; it takes up to {@link LATEST} more
   * @returns ends it
   */
  every(rest: number, work: () => void): () => void;
  /** To be called at each tick: does what has rested long enough. */
  beat(): void;
}

/** How long (ms) a tick is waited for: a little longer than the default schedule takes. */
const LATEST = 5.5 * SECOND;

export function createBeats(clock: Clock): Beats {
  const works = new Set<{ readonly rest: number; readonly work: () => void; doneAt: number }>();
  let timer: NodeJS.Timeout | undefined;

  /**
   * Puts the timer off. Node would wake up at the old time all the same after `refresh`, and after `clearTimeout` of one that
   * is not `ref`: that keeps its place among the timers.
   */
  function waitForTick(): void {
    clearTimeout(timer?.ref());
    timer = works.size > 0 ? setTimeout(beat, LATEST).unref() : undefined;
  }

  function beat(): void {
    waitForTick();
    const { monotonic } = clock.now();
    for (const one of works) {
      if (monotonic - one.doneAt < one.rest) continue;
      one.doneAt = monotonic;
      one.work();
    }
  }

  return {
    every(rest, work) {
      const one = { rest, work, doneAt: clock.now().monotonic };
      works.add(one);
      waitForTick();
      return () => {
        works.delete(one);
        waitForTick();
      };
    },
    beat,
  };
}

/** Those of this process. */
export const beats = createBeats(systemClock);
