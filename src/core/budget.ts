/**
 * What the budget of calls allows, and when it allows the next call. `due.ts` says when a fetch is due, and
 * `state/attempts.ts` what else holds an attempt back, and until when.
 */
import type { HourOfCalls, Hours, Ledger } from './record.ts';
import type { LedgerTime } from './state/clock.ts';
import { GATHERING } from './state/request.ts';
import { DAY, HOUR, SECOND } from './time.ts';

/** The most calls that a credential's account may cost in any 24 hours. */
export interface Budget {
  readonly fetchesPerDay: number;
  readonly forcedPerDay: number;
}

/** WeChat ignores a forced refresh that follows another sooner than this, ms. */
const FORCED_SPACING = 30 * SECOND;

/** Counts a call that is about to be made. @param requested a person asked for it */
export function spend(ledger: Ledger, forced: boolean, time: LedgerTime, requested = false): Ledger {
  return {
    ...ledger,
    fetches: count(ledger.fetches, time),
    lastFetch: time.at,
    since: sinceThen(ledger, time),
    ...(forced && { forced: count(ledger.forced, time), lastForced: time.at }),
    ...(requested && { lastRequested: time.at }),
  };
}

/** When the ledger began, once a call is counted. Only the platform's time can tell that a ledger has not begun yet. */
function sinceThen(ledger: Ledger, time: LedgerTime): number {
  if (isGap(ledger, time)) return time.at;
  return time.certain ? Math.min(ledger.since, time.at) : ledger.since;
}

/** How many calls the last 24 hours have cost. */
export function spent({ fetches, forced }: Ledger, time: LedgerTime): { fetches: number; forced: number } {
  return { fetches: used(fetches, time), forced: used(forced, time) };
}

/** Gives back a call that never left this host: an outage of the network must not eat the recovery's budget. */
export function refund(ledger: Ledger): Ledger {
  if (ledger.lastFetch === undefined) return ledger;
  const refunded = hourOf(ledger.lastFetch);
  const fetches = ledger.fetches.map(({ hour, calls }) =>
    hour === refunded ? { hour, calls: Math.max(0, calls - 1) } : { hour, calls },
  );
  return { ...ledger, fetches };
}

/**
 * Calls of the last 24 hours, rounded up to whole hours. Calls that a wrong clock dated into the future count as well.
 */
function used(hours: Hours, { at }: LedgerTime, newest = Number.POSITIVE_INFINITY): number {
  const oldest = hourOf(at - DAY);
  return hours.reduce((sum, { hour, calls }) => (hour >= oldest && hour <= newest ? sum + calls : sum), 0);
}

/**
 * Milliseconds until the budget allows the next fetch; 0 means now. The second half of a budget is handed out evenly
 * over a day, so a long outage slows the daemon down instead of leaving it nothing for the recovery. While nobody knows
 * the past, the even part begins after a quarter of the budget: then three quarters are the most that can be spent.
 */
export function fetchHold(ledger: Ledger, limit: number, time: LedgerTime): number {
  const spent = used(ledger.fetches, time);
  const half = limit / 2;
  // Calls that a wrong clock dated into the future, or that a damaged file invented, slow down but never stop for good.
  const future = spent - used(ledger.fetches, time, hourOf(time.at));
  if (spent >= limit && future === 0) return untilOldestLeaves(ledger.fetches, time);
  if (spent < (isFrugal(ledger, time) ? half / 2 : half)) return 0;
  return Math.max(0, DAY / half - elapsed(ledger.lastFetch, time));
}

/** Why a refresh may not be forced now; undefined when it may. */
export function forcedObstacle(
  ledger: Ledger,
  limit: number,
  time: LedgerTime,
): 'spacing' | 'forced-budget' | undefined {
  if (elapsed(ledger.lastForced, time) < FORCED_SPACING) return 'spacing';
  const allowed = isFrugal(ledger, time) ? Math.ceil(limit / 2) : limit;
  return used(ledger.forced, time) >= allowed ? 'forced-budget' : undefined;
}

/** Milliseconds until a refresh that a person asked for may follow the last one of any daemon of the account. */
export function untilGathered({ lastRequested }: Ledger, time: LedgerTime): number {
  if (lastRequested === undefined || lastRequested > time.at + GRAIN) return 0;
  return Math.max(0, GATHERING - elapsed(lastRequested, time));
}

/** Whether this is the first day of a ledger without a past. */
function isFrugal(ledger: Ledger, time: LedgerTime): boolean {
  return time.at - ledger.since < DAY || isGap(ledger, time);
}

/** Whether only this machine's clock claims that a day went by without calls: the clock may have jumped. */
function isGap({ lastFetch }: Ledger, { at, certain }: LedgerTime): boolean {
  return !certain && lastFetch !== undefined && at - lastFetch > DAY;
}

function count(hours: Hours, time: LedgerTime): Hours {
  const now = hourOf(time.at);
  const oldest = time.certain ? hourOf(time.at - DAY) : 0;
  let counted = 1;
  const others: HourOfCalls[] = [];
  for (const one of hours) {
    if (one.hour < oldest) continue;
    // A call that a wrong clock dated into the future was made by now.
    if (one.hour === now || (time.certain && one.hour > now)) counted += one.calls;
    else others.push(one);
  }
  return [...others, { hour: now, calls: counted }].toSorted((a, b) => a.hour - b.hour);
}

function untilOldestLeaves(hours: Hours, { at }: LedgerTime): number {
  const oldest = hourOf(at - DAY);
  const counted = hours.map(({ hour }) => hour).filter((hour) => hour >= oldest);
  return (Math.min(...counted) + 1) * HOUR + DAY - at;
}

/**
 * The platform tells its time in whole seconds, so an event that has just happened may seem to lie ahead by this much,
 * ms.
 */
const GRAIN = 2 * SECOND;

/**
 * Milliseconds since an event. Once the time is certain, an event that a wrong clock dated into the future is long ago.
 */
function elapsed(since: number | undefined, { at, certain }: LedgerTime): number {
  if (since === undefined || (certain && since > at + GRAIN)) return Number.POSITIVE_INFINITY;
  return Math.max(0, at - since);
}

function hourOf(epoch: number): number {
  return Math.floor(epoch / HOUR);
}
