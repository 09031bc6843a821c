import { DAY, HOUR, SECOND } from './time.ts';

/** How many calls a credential's account may cost in any 24 hours. */
export interface Budget {
  readonly fetchesPerDay: number;
  readonly forcedPerDay: number;
}

/** Calls by hour since the epoch: rolling, because when the platform resets its counters is not confirmed. */
type Hours = Readonly<Record<string, number>>;

/** What has been spent, durable and shared by all daemons of the account. Every call is written before it is sent. */
export interface Ledger {
  readonly fetches: Hours;
  readonly forced: Hours;
  /** Epoch ms. */
  readonly lastFetch?: number;
  readonly lastForced?: number;
}

export const EMPTY_LEDGER: Ledger = { fetches: {}, forced: {} };

/** WeChat ignores a forced refresh that follows another sooner than this. */
const FORCED_SPACING = 30 * SECOND;

export function spend(ledger: Ledger, forced: boolean, wall: number): Ledger {
  return {
    ...ledger,
    fetches: count(ledger.fetches, wall),
    lastFetch: wall,
    ...(forced && { forced: count(ledger.forced, wall), lastForced: wall }),
  };
}

/** Gives back a call that never left this host: an outage of the network must not eat the budget of the recovery. */
export function refund(ledger: Ledger): Ledger {
  if (ledger.lastFetch === undefined) return ledger;
  const hour = String(Math.floor(ledger.lastFetch / HOUR));
  return { ...ledger, fetches: { ...ledger.fetches, [hour]: Math.max(0, (ledger.fetches[hour] ?? 0) - 1) } };
}

/** Calls of the last 24 hours, rounded up to whole hours. */
export function used(hours: Hours, wall: number): number {
  const oldest = Math.floor((wall - DAY) / HOUR);
  return Object.entries(hours).reduce(
    (sum, [hour, calls]) => (Number(hour) >= oldest ? sum + calls : sum),
    0,
  );
}

/**
 * Milliseconds until the budget allows the next fetch; 0 means now. The second half of a budget is handed out
 * evenly over a day, so a long outage slows the daemon down instead of leaving it nothing for the recovery.
 */
export function fetchHold(ledger: Ledger, limit: number, wall: number): number {
  const spent = used(ledger.fetches, wall);
  if (spent >= limit) return untilOldestLeaves(ledger.fetches, wall);
  if (spent < limit / 2) return 0;
  const pace = DAY / (limit / 2);
  return clamp((ledger.lastFetch ?? 0) + pace - wall, pace);
}

/** Why a forced refresh must be an ordinary one for now; undefined when it may be forced. */
export function forcedObstacle(
  ledger: Ledger,
  limit: number,
  wall: number,
): 'spacing' | 'budget' | undefined {
  if (clamp((ledger.lastForced ?? Number.NEGATIVE_INFINITY) + FORCED_SPACING - wall, FORCED_SPACING) > 0)
    return 'spacing';
  return used(ledger.forced, wall) >= limit ? 'budget' : undefined;
}

function count(hours: Hours, wall: number): Hours {
  const oldest = Math.floor((wall - DAY) / HOUR);
  const kept = Object.entries(hours).filter(([hour]) => Number(hour) >= oldest);
  const hour = String(Math.floor(wall / HOUR));
  return { ...Object.fromEntries(kept), [hour]: (hours[hour] ?? 0) + 1 };
}

function untilOldestLeaves(hours: Hours, wall: number): number {
  const oldest = Math.floor((wall - DAY) / HOUR);
  const counted = Object.keys(hours)
    .map(Number)
    .filter((hour) => hour >= oldest);
  return clamp((Math.min(...counted) + 1) * HOUR + DAY - wall, DAY + HOUR);
}

/** A clock set back must not turn a wait into a longer one than it ever was. */
function clamp(ms: number, most: number): number {
  return Math.min(most, Math.max(0, ms));
}
