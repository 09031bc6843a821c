import { DAY } from '../../src/core/time.ts';

/** A token call that went on the wire. Times are true time, ms. */
export interface TokenCall {
  /** When the platform got it. */
  readonly at: number;
  readonly by: 'daemon' | 'rival';
  readonly forced: boolean;
  /** Whether the platform acted. */
  readonly acted: boolean;
}

export interface Stretch {
  readonly from: number;
  readonly until: number;
}

/** What happened, for those who judge afterwards. Everything in order of time. */
export interface Journal {
  readonly calls: TokenCall[];
  /** When a token that the platform had handed out was written down for all. */
  readonly answers: number[];
  /** When the network lost an answer. */
  readonly lost: number[];
  readonly outages: Stretch[];
  /** When a daemon was killed or frozen. */
  readonly strikes: number[];
}

export function newJournal(): Journal {
  return { calls: [], answers: [], lost: [], outages: [], strikes: [] };
}

/** The most of them in any 24 hours. Times in order, ms. */
export function mostInADay(times: readonly number[]): number {
  let most = 0;
  let oldest = 0;
  for (const [index, time] of times.entries()) {
    while ((times[oldest] ?? time) <= time - DAY) oldest += 1;
    most = Math.max(most, index - oldest + 1);
  }
  return most;
}
