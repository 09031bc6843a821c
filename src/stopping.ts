import { SECOND } from './core/time.ts';

/** Long enough for a slow answer, short enough for the five seconds in which a stop is over; ms. */
export const LAST_ANSWER = 3_500;

/** What is left after that to give back what is held, and the least that is needed for it; ms. */
const FAREWELL = 0.5 * SECOND;
const LEAST = 0.6 * SECOND;

/**
 * How long it may take to give back what is held.
 * @param lastAnswer how long a request under way might have taken, ms
 * @param past what has passed since the stop began, ms
 */
export function farewell(lastAnswer: number, past: number): number {
  return Math.max(LEAST, lastAnswer + FAREWELL - past);
}
