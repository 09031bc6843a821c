/**
 * What the budget of calls allows, and when it allows the next call. `due.ts` says when a fetch is due, and
 * `state/attempts.ts` what else holds an attempt back, and until when.
 */
import type { Hours, Ledger } from './record.ts';
import type { LedgerTime } from './state/clock.ts';
import { DAY, HOUR, SECOND } from './time.ts';

/** How many calls a credential's account may cost in any 24 hours. */
export interface Budget {
  readonly fetchesPerDay: number;
  readonly forcedPerDay: number;
}

/** WeChat ignores a forced refresh that follows another sooner than this. */
const FORCED_SPACING = 30 * SECOND;

export function spend(ledger: Ledger, forced: boolean, time: LedgerTime): Ledger {
  return {
    ...ledger,
    fetches: count(ledger.fetches, time),
    lastFetch: time.at,
    since: sinceThen(ledger, time),
    ...(forced && { forced: count(ledger.forced, time), lastForced: time.at }),
  };
}

/** Only the platform's time can tell that a ledger has not begun yet. */
function sinceThen(ledger: Ledger, time: LedgerTime): number {
  if (isGap(ledger, time)) return time.at;
  return time.certain ? Math.min(ledger.since, time.at) : ledger.since;
}

/** Calls of the last 24 hours. */
export function spent({ fetches, forced }: Ledger, time: LedgerTime): { fetches: number; forced: number } {
  return { fetches: used(fetches, time), forced: used(forced, time) };
}

/** Gives back a call that never left this host: an outage of the network must not eat the recovery's budget. */
export function refund(ledger: Ledger): Ledger {
  if (ledger.lastFetch === undefined) return ledger;
  const hour = hourOf(ledger.lastFetch);
  return { ...ledger, fetches: { ...ledger.fetches, [hour]: Math.max(0, (ledger.fetches[hour] ?? 0) - 1) } };
}

/** Calls of the last 24 hours, rounded up to whole hours; what a wrong clock dated into the future counts as well. */
function used(hours: Hours, { at }: LedgerTime, newest = Number.POSITIVE_INFINITY): number {
  const oldest = Math.floor((at - DAY) / HOUR);
  return Object.entries(hours).reduce(
    (sum, [hour, calls]) => (Number(hour) >= oldest && Number(hour) <= newest ? sum + calls : sum),
    0,
  );
}

/**
 * Milliseconds until the budget allows the next fetch; 0 means now. The second half of a budget is handed out evenly
 * over a day, so a long outage slows the daemon down instead of leaving it nothing for the recovery. While the past
 * is not known, the even part begins after a quarter: three quarters are the most that can be spent then.
 */
export function fetchHold(ledger: Ledger, limit: number, time: LedgerTime): number {
  const spent = used(ledger.fetches, time);
  const half = limit / 2;
  // What a wrong clock dated into the future, or a damaged file invented, slows down but never stops for good.
  const future = spent - used(ledger.fetches, time, Math.floor(time.at / HOUR));
  if (spent >= limit && future === 0) return untilOldestLeaves(ledger.fetches, time);
  if (spent < (isFrugal(ledger, time) ? half / 2 : half)) return 0;
  return Math.max(0, DAY / half - elapsed(ledger.lastFetch, time));
}

/** Why a forced refresh must be an ordinary one for now; undefined when it may be forced. */
export function forcedObstacle(
  ledger: Ledger,
  limit: number,
  time: LedgerTime,
): 'spacing' | 'forced-budget' | undefined {
  if (elapsed(ledger.lastForced, time) < FORCED_SPACING) return 'spacing';
  const allowed = isFrugal(ledger, time) ? Math.ceil(limit / 2) : limit;
  return used(ledger.forced, time) >= allowed ? 'forced-budget' : undefined;
}

/** The first day of a ledger without a past. */
function isFrugal(ledger: Ledger, time: LedgerTime): boolean {
  return time.at - ledger.since < DAY || isGap(ledger, time);
}

/** A day without calls that only this machine's clock claims: it may be a jump, and the past not past. */
function isGap({ lastFetch }: Ledger, { at, certain }: LedgerTime): boolean {
  return !certain && lastFetch !== undefined && at - lastFetch > DAY;
}

function count(hours: Hours, time: LedgerTime): Hours {
  const kept: Record<string, number> = {};
  const now = hourOf(time.at);
  for (const [hour, calls] of Object.entries(hours)) {
    if (time.certain && Number(hour) < Math.floor((time.at - DAY) / HOUR)) continue;
    // What a wrong clock dated into the future was spent by now.
    const when = time.certain && Number(hour) > Number(now) ? now : hour;
    kept[when] = (kept[when] ?? 0) + calls;
  }
  kept[now] = (kept[now] ?? 0) + 1;
  return kept;
}

function untilOldestLeaves(hours: Hours, { at }: LedgerTime): number {
  const oldest = Math.floor((at - DAY) / HOUR);
  const counted = Object.keys(hours)
    .map(Number)
    .filter((hour) => hour >= oldest);
  return (Math.min(...counted) + 1) * HOUR + DAY - at;
}

/** The platform tells its time in whole seconds, so what has just happened may seem to lie ahead by so much. */
const GRAIN = 2 * SECOND;

/** Milliseconds since an event; what a wrong clock dated into the future counts as long ago once the time is certain. */
function elapsed(since: number | undefined, { at, certain }: LedgerTime): number {
  if (since === undefined || (certain && since > at + GRAIN)) return Number.POSITIVE_INFINITY;
  return Math.max(0, at - since);
}

function hourOf(epoch: number): string {
  return String(Math.floor(epoch / HOUR));
}
