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
interface Anchor extends Instant {
  readonly date: number;
  /** Whether the platform said so. Until it has, `date` is what this machine's clock said when the daemon began. */
  readonly certain: boolean;
}

export interface PlatformClock {
  readonly anchor: Anchor;
  /** Whether the platform was asked for its time, even if it did not tell. */
  readonly timeAsked: boolean;
}

/** The clock of a daemon that begins: all it has is this machine's clock. */
export function guessedClock(now: Instant): PlatformClock {
  return { anchor: { date: now.wall, ...now, certain: false }, timeAsked: false };
}

/** The clock after the platform dated an answer. */
export function setByPlatform(clock: PlatformClock, platformDate: number, now: Instant): PlatformClock {
  return { ...clock, anchor: { date: platformDate, ...now, certain: true } };
}

/**
 * The clock after a look at the ledger. A clock that stands before the last call is wrong, and to believe it would move
 * that call into the future.
 */
export function caughtUp(clock: PlatformClock, { lastFetch = 0 }: Ledger, now: Instant): PlatformClock {
  const { at, certain } = ledgerTime(clock, now);
  return certain || lastFetch <= at ? clock : { ...clock, anchor: { date: lastFetch, ...now, certain } };
}

/** The platform's time now, epoch ms. By the faster of our clocks: one stands still under a suspended machine. */
export function platformTime({ anchor }: PlatformClock, now: Instant): number {
  return anchor.date + Math.max(now.monotonic - anchor.monotonic, now.wall - anchor.wall);
}

/** The time by which calls are counted, epoch ms. */
export interface LedgerTime {
  readonly at: number;
  /** Whether it is the platform's. The ledger forgets nothing on the word of a clock that somebody may have set. */
  readonly certain: boolean;
}

export function ledgerTime({ anchor }: PlatformClock, now: Instant): LedgerTime {
  return { at: Math.round(anchor.date + now.monotonic - anchor.monotonic), certain: anchor.certain };
}
