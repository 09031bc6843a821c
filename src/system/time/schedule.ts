import { parse, validateDetailed } from 'node-cron';
import { en, type Text, zh } from '../../core/text.ts';
import { MINUTE, SECOND } from '../../core/time.ts';

/**
 * Longest allowed gap (ms) between two ticks: a longer one would eat into the window in which a token must be
 * replaced.
 */
export const LONGEST_GAP = 30 * SECOND;

/**
 * The default schedule, and its seconds. A test proves that it is allowed, and that these are its seconds: asking the cron
 * library takes a millisecond before the first token.
 */
export const DEFAULT_SCHEDULE = '*/5 * * * * *';
const DEFAULT_SECONDS = Array.from({ length: 12 }, (_, index) => index * 5);

/** Explains why a cron expression cannot drive the daemon; undefined when it can. */
export function scheduleProblem(expression: string): Text | undefined {
  if (expression === DEFAULT_SCHEDULE) return undefined;
  const { valid, errors } = validateDetailed(expression);
  if (!valid) {
    // What the library says of it is English in every language.
    const why = errors[0]?.message ?? 'unreadable';
    return { en: `is no cron expression (${why})`, zh: `不是 cron 表达式（解析器的原文：${why}）` };
  }
  if (expression.trim().split(/\s+/).length !== 6) {
    return {
      en: 'must have six fields, seconds first: "*/5 * * * * *"',
      zh: '必须有六个字段，秒在最前："*/5 * * * * *"',
    };
  }
  const gap = longestGap(expression);
  if (gap <= LONGEST_GAP) return undefined;
  const length: Text =
    gap === Number.POSITIVE_INFINITY
      ? { en: 'a minute or more', zh: '一分钟以上' }
      : { en: `${gap / SECOND} s`, zh: `${gap / SECOND} 秒` };
  return {
    en: en`leaves gaps of ${length}; at most 30 s are allowed`,
    zh: zh`间隔长达${length}；至多允许 30 秒`,
  };
}

/**
 * Returns the seconds of the minute at which a valid schedule fires, in ascending order. They describe it
 * completely: its other fields match every minute, and no time zone is offset by a fraction of a minute.
 */
export function secondsOf(expression: string): readonly number[] {
  if (expression === DEFAULT_SCHEDULE) return DEFAULT_SECONDS;
  return [...new Set(parse(expression).second)].sort((a, b) => a - b);
}

/** Returns the milliseconds from a wall time (epoch ms) to the next of these seconds, always more than 0. */
export function untilNext(seconds: readonly number[], wall: number): number {
  const inMinute = ((wall % MINUTE) + MINUTE) % MINUTE;
  const next = seconds.find((second) => second * SECOND > inMinute);
  return next === undefined ? (seconds[0] ?? 0) * SECOND + MINUTE - inMinute : next * SECOND - inMinute;
}

function longestGap(expression: string): number {
  const { minute, hour, dayOfMonth, month, dayOfWeek } = parse(expression);
  const always =
    minute.length >= 60 &&
    hour.length >= 24 &&
    dayOfMonth.length >= 31 &&
    month.length >= 12 &&
    dayOfWeek.length >= 7;
  if (!always) return Number.POSITIVE_INFINITY;
  const seconds = secondsOf(expression);
  const gaps = seconds.map((at, index) => (seconds[index + 1] ?? (seconds[0] ?? 0) + 60) - at);
  return Math.max(...gaps) * SECOND;
}
