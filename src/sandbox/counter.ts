import { DAY, HOUR } from '../core/time.ts';

/** Number of calls within one window: a month, a day, an hour or a minute. In any other window it counts as zero. */
export interface Counter {
  readonly window: number;
  readonly used: number;
}

export const UNUSED: Counter = { window: Number.NaN, used: 0 };

/**
 * Returns the number of the day at `now` (epoch ms). It assumes that daily counters restart at midnight China time
 * (UTC+8), which is commonly said but on no official page (docs/wechat-facts.md, "Allowances").
 */
export function chinaDay(now: number): number {
  return windowOf(now + 8 * HOUR, DAY);
}

/** Returns the number of the month in China at `now` (epoch ms), with the same assumption. */
export function chinaMonth(now: number): number {
  const date = new Date(now + 8 * HOUR);
  return 12 * date.getUTCFullYear() + date.getUTCMonth();
}

/** Returns the number of the window of `length` ms that contains `now` (epoch ms). */
export function windowOf(now: number, length: number): number {
  return Math.floor(now / length);
}

/** Returns the number of calls counted in a window. */
export function usedIn(counter: Counter, window: number): number {
  return counter.window === window ? counter.used : 0;
}

/** Returns the counter after one more call in a window. */
export function countIn(counter: Counter, window: number): Counter {
  return { window, used: usedIn(counter, window) + 1 };
}
