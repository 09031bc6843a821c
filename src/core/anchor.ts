import type { Ledger } from './quota.ts';
import type { Instant } from './time.ts';

/** What time it was at some moment of ours, epoch ms. From then on it passes by our clocks, whoever sets them. */
export interface Anchor extends Instant {
  readonly date: number;
  /** Whether the platform said so; until it has, it is what this machine's clock said when the daemon began. */
  readonly certain: boolean;
}

/** The platform's time now, epoch ms. By the faster of our clocks: one stands still under a suspended machine. */
export function platformTime(anchor: Anchor, now: Instant): number {
  return anchor.date + Math.max(now.monotonic - anchor.monotonic, now.wall - anchor.wall);
}

/** The time the ledger counts by, epoch ms. */
export interface LedgerTime {
  readonly at: number;
  /** Whether it is the platform's: nothing is forgotten on the word of a clock that may have been set. */
  readonly certain: boolean;
}

export function ledgerTime({ date, monotonic, certain }: Anchor, now: Instant): LedgerTime {
  return { at: Math.round(date + now.monotonic - monotonic), certain };
}

/** A clock that stands before the last call is wrong, and believing it would move that call into the future. */
export function caughtUp(anchor: Anchor, { lastFetch = 0 }: Ledger, now: Instant): Anchor {
  const { at, certain } = ledgerTime(anchor, now);
  return certain || lastFetch <= at ? anchor : { date: lastFetch, ...now, certain };
}
