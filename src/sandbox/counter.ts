import { DAY, HOUR } from '../core/time.ts';

/** Calls within one window: a day, an hour, a minute. A count of another window is zero in this one. */
export interface Counter {
  readonly window: number;
  readonly used: number;
}

export const UNUSED: Counter = { window: Number.NaN, used: 0 };

/**
 * Number of the day at `now` (epoch ms). Assumption: daily counters restart at midnight China time (UTC+8), which
 * is commonly stated but on no official page.
 */
export function chinaDay(now: number): number {
  return windowOf(now + 8 * HOUR, DAY);
}

/** Number of the window of `length` ms that `now` falls into. */
export function windowOf(now: number, length: number): number {
  return Math.floor(now / length);
}

export function usedIn(counter: Counter, window: number): number {
  return counter.window === window ? counter.used : 0;
}

export function countIn(counter: Counter, window: number): Counter {
  return { window, used: usedIn(counter, window) + 1 };
}
