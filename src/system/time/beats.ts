import type { Clock } from '../../core/ports.ts';
import { SECOND } from '../../core/time.ts';
import { systemClock } from './clock.ts';

/**
 * What is done now and then for as long as the process lives: at a tick of the daemon, so that it wakes up once for both, and by
 * itself where no tick comes in time.
 */
export interface Beats {
  /**
   * Does the work again and again, every so often (ms): at a tick that comes up to {@link EARLY} before that, or by itself
   * {@link LATE} after it.
   * @param work must not throw
   * @returns ends it
   */
  every(ms: number, work: () => void): () => void;
  /** To be called at each tick. */
  beat(): void;
}

/** Half of the time between two ticks of the default schedule, and a little more than they are late, ms. */
const EARLY = 2.5 * SECOND;
const LATE = 0.5 * SECOND;

export function createBeats(clock: Clock): Beats {
  const works = new Set<{ readonly ms: number; readonly work: () => void; doneAt: number }>();
  let timer: NodeJS.Timeout | undefined;

  function beat(): void {
    const { monotonic } = clock.now();
    for (const one of works) {
      if (monotonic - one.doneAt < one.ms - EARLY) continue;
      one.doneAt = monotonic;
      one.work();
    }
    waitForTick();
  }

  /**
   * Puts the timer off. Node would wake up at its old time all the same after `refresh`, and after `clearTimeout` of one that is
   * not `ref`: that keeps its place among the timers.
   */
  function waitForTick(): void {
    clearTimeout(timer?.ref());
    const dueAt = Math.min(...[...works].map(({ ms, doneAt }) => doneAt + ms + LATE));
    const left = Math.max(0, dueAt - clock.now().monotonic);
    timer = works.size > 0 ? setTimeout(beat, left).unref() : undefined;
  }

  return {
    every(ms, work) {
      const one = { ms, work, doneAt: clock.now().monotonic };
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
