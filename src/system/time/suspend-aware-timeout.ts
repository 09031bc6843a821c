import { SECOND } from '../../core/time.ts';
import { systemClock } from './clock.ts';

/** Lateness (ms) from which a timer shows that the process was suspended or starved of processor time. */
const STANDSTILL = SECOND;

/**
 * Starts a timeout that allows for suspension. A process that was suspended had no time to read what arrived
 * meanwhile, so the timeout starts again at full length.
 * @param ms after which `end` is called
 * @returns cancels the timeout
 */
export function startPatience(ms: number, end: () => void): () => void {
  let timer = wait();

  function wait(): NodeJS.Timeout {
    const due = systemClock.now().monotonic + ms;
    return setTimeout(() => {
      if (systemClock.now().monotonic - due < STANDSTILL) end();
      else timer = wait();
    }, ms);
  }

  return () => clearTimeout(timer);
}
