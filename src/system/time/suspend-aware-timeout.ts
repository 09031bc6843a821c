import { SECOND } from '../../core/time.ts';
import { systemClock } from './clock.ts';

/** So late is no timer but one of a process that was stopped, or could not run; ms. */
const STANDSTILL = SECOND;

/**
 * Ends something that takes too long. A process that stood still meanwhile has had no time to see what came: it gets as
 * long again.
 * @param ms after which `end` is called
 * @returns takes it back
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
