import { MINUTE, SECOND } from '../../src/core/time.ts';
import { FREEZE, RESTART } from './fault.ts';
import { type Gap, REREAD } from './file.ts';
import type { Journal } from './journal.ts';
import { type Outcome, type Scenario, TICK, WINDOW } from './simulate.ts';

/** What the design proves of a cell: when a reader may hold a dead token, and for how long. */
export interface Bound {
  /** For people. */
  readonly text: string;
  /** The longest gap, ms; undefined where only its end is proven. */
  readonly longest?: number;
  readonly allows: (gap: Gap, outcome: Outcome) => boolean;
}

/** Facts of the platform, ms. */
export const LIFE = 120 * MINUTE;
const OVERLAP = 5 * MINUTE;

/** From the platform's answer until it is in the file of every daemon that is well: saved, watched, looked at. */
const LEARN = 2 * SECOND;
/** And until no reader holds the one before. */
export const CURED = LEARN + REREAD;
/** A refresh begins at most so long after its window has opened. */
const LATEST = { 'stable-token': 30 * SECOND + TICK, 'access-token': 54 * SECOND + TICK } as const;
/** From one attempt to the next at most: a request that times out, the longest backoff, a tick. */
export const RETRY = 11 * SECOND + 72 * SECOND + TICK;

const NONE: Bound = { text: 'none', longest: 0, allows: () => false };

export function boundOf({ type, fault, daemons }: Scenario): Bound {
  if (fault.outage !== undefined) return outlasting(type, fault.outage);
  // However the clocks jump.
  if (fault.jumps !== undefined) return NONE;
  if (type === 'stable-token') return NONE;
  if (fault.rival !== undefined) return usurped;
  if (fault.lost !== undefined) return unheard('lost answer', 'lost', 0);
  if (fault.strike?.kind === 'kill') return unheard('lost with the daemon', 'strikes', RESTART);
  return fault.strike && daemons > 1 ? unheard('frozen over a fetch', 'strikes', FREEZE) : NONE;
}

/** A rival that forces kills what everyone holds: nothing that a daemon does can help. */
export function isForcedByRival({ diedAt }: Gap, { journal }: Outcome): boolean {
  return journal.calls.some(({ at, by, forced }) => at === diedAt && by === 'rival' && forced);
}

/** The platform could not be asked for long enough since the token was due. */
function outlasting(type: Scenario['type'], length: number): Bound {
  const usable = WINDOW[type] - LATEST[type];
  const longest = length - usable + 2 * RETRY + CURED;
  return {
    text: `it covers the window: until ${seconds(RETRY + CURED)} after it`,
    longest,
    allows({ diedAt, until }, { journal: { outages } }) {
      const during = outages.find((outage) => outage.from < diedAt && diedAt < outage.until + RETRY);
      if (!during || until > during.until + RETRY + CURED) return false;
      const before = outages.findLast((outage) => outage.until <= during.from);
      const due = diedAt - usable;
      return during.from - Math.max(due, before?.until ?? due) < RETRY;
    },
  };
}

/** What was answered is lost with the one who was to hear it. */
function unheard(what: string, when: keyof Pick<Journal, 'lost' | 'strikes'>, slower: number): Bound {
  return {
    text: `${what}: until ${seconds(CURED + slower)} after the next answer`,
    allows: ({ token, diedAt, until }, { journal, deaths }) =>
      journal[when].some((at) => deaths.birthOf(token) < at + slower && at <= diedAt) &&
      until <= nextAnswer(journal, diedAt) + CURED + slower,
  };
}

const usurped: Bound = {
  text: `rival's fetch: until our next one, ≤ ${seconds(LIFE - WINDOW['access-token'] + LATEST['access-token'] - OVERLAP + CURED)}`,
  longest: LIFE - WINDOW['access-token'] + LATEST['access-token'] - OVERLAP + CURED,
  allows: ({ token, diedAt, until }, { journal, deaths }) =>
    journal.calls.some(({ at, by }) => by === 'rival' && deaths.birthOf(token) < at && at <= diedAt) &&
    until <= nextAnswer(journal, diedAt) + CURED,
};

function nextAnswer({ answers }: Journal, time: number): number {
  return answers.find((at) => at >= time) ?? Number.POSITIVE_INFINITY;
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / SECOND)} s`;
}
