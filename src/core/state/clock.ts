/**
 * What is known of the platform's time. The loop asks nobody what time it is: it passes its own two clocks in, and this
 * slice says what they come to at the platform.
 */
import type { Ledger } from '../record.ts';
import type { Instant } from '../time.ts';

/**
 * What time it was at the platform at one moment of our own clocks, epoch ms. From then on the time passes by our
 * clocks, whoever sets them.
 */
export interface PlatformClock extends Pick<Instant, 'wall' | 'monotonic'> {
  readonly date: number;
  /** Whether the platform said so. Until it has, `date` is what this machine's clock said when the daemon began. */
  readonly certain: boolean;
  /** Whether the platform was asked for its time, even if it did not tell. */
  readonly timeAsked: boolean;
}

/** The clock of a daemon that begins: all it has is this machine's clock. */
export function guessedClock(now: Instant): PlatformClock {
  return dated(now.wall, now, false, false);
}

/** The clock after the platform dated an answer. */
export function setByPlatform(clock: PlatformClock, platformDate: number, now: Instant): PlatformClock {
  return dated(platformDate, now, true, clock.timeAsked);
}

/**
 * The clock after a look at the ledger. A clock that stands before the last call is wrong, and to believe it would move
 * that call into the future.
 */
export function caughtUp(clock: PlatformClock, { lastFetch = 0 }: Ledger, now: Instant): PlatformClock {
  const { at, certain } = ledgerTime(clock, now);
  return certain || lastFetch <= at ? clock : dated(lastFetch, now, certain, clock.timeAsked);
}

/** The platform's time now, epoch ms. By the faster of our clocks: one stands still under a suspended machine. */
export function platformTime({ date, wall, monotonic }: PlatformClock, now: Instant): number {
  return date + Math.max(now.monotonic - monotonic, now.wall - wall);
}

/** The time by which calls are counted, epoch ms. */
export interface LedgerTime {
  readonly at: number;
  /** Whether it is the platform's. The ledger forgets nothing on the word of a clock that somebody may have set. */
  readonly certain: boolean;
}

export function ledgerTime({ date, monotonic, certain }: PlatformClock, now: Instant): LedgerTime {
  return { at: Math.round(date + now.monotonic - monotonic), certain };
}

function dated(
  date: number,
  { wall, monotonic }: Instant,
  certain: boolean,
  timeAsked: boolean,
): PlatformClock {
  return { date, wall, monotonic, certain, timeAsked };
}
