import { HOUR } from '../core/time.ts';

/**
 * WeCom blocks a caller for an hour after about 2000 failing calls of gettoken within an hour
 * (docs/wechat-facts.md, "Allowances").
 */
const MAX_FAILURES = 2000;

/** Failing gettoken calls of one caller, identified by its IP address. Times are in epoch ms. */
export interface Caller {
  readonly since: number;
  readonly failures: number;
  readonly blockedUntil: number;
}

const NEVER = Number.NEGATIVE_INFINITY;

/** Whether a caller is blocked at `now` (epoch ms). */
export function isBlocked(caller: Caller | undefined, now: number): boolean {
  return caller !== undefined && now < caller.blockedUntil;
}

/** Counts a failing call at `now` (epoch ms); enough of them within an hour block the caller for an hour. */
export function countFailure(caller: Caller | undefined, now: number): Caller {
  const same = caller !== undefined && now < caller.since + HOUR;
  const since = same ? caller.since : now;
  const failures = same ? caller.failures + 1 : 1;
  return { since, failures, blockedUntil: failures >= MAX_FAILURES ? now + HOUR : NEVER };
}
