import { parse, validateDetailed } from 'node-cron';
import { SECOND } from '../core/time.ts';

/** Longer gaps between two looks at the clock would eat into the window in which a token must be replaced. */
export const LONGEST_GAP = 30 * SECOND;

/** Why a cron expression cannot drive the daemon; undefined when it can. */
export function scheduleProblem(expression: string): string | undefined {
  const { valid, errors } = validateDetailed(expression);
  if (!valid) return `is no cron expression (${errors[0]?.message ?? 'unreadable'})`;
  if (expression.trim().split(/\s+/).length !== 6)
    return 'must have six fields, seconds first: "*/5 * * * * *"';
  const gap = longestGap(expression);
  if (gap <= LONGEST_GAP) return undefined;
  return `leaves gaps of ${gap === Number.POSITIVE_INFINITY ? 'a minute or more' : `${gap / SECOND} s`}; at most 30 s are allowed`;
}

function longestGap(expression: string): number {
  const { second, minute, hour, dayOfMonth, month, dayOfWeek } = parse(expression);
  const always =
    minute.length >= 60 &&
    hour.length >= 24 &&
    dayOfMonth.length >= 31 &&
    month.length >= 12 &&
    dayOfWeek.length >= 7;
  if (!always) return Number.POSITIVE_INFINITY;
  const seconds = [...new Set(second)].sort((a, b) => a - b);
  const gaps = seconds.map((at, index) => (seconds[index + 1] ?? (seconds[0] ?? 0) + 60) - at);
  return Math.max(...gaps) * SECOND;
}
