import { DAY } from '../../src/core/time.ts';
import { type Bound, boundOf, isForcedByRival, LIFE } from './bounds.ts';
import { FAULTS } from './fault.ts';
import type { Gap } from './file.ts';
import { mostInADay } from './journal.ts';
import { BUDGET, type Outcome, type Scenario } from './simulate.ts';

/** One row of the table. */
export interface Verdict {
  readonly scenario: Scenario;
  /** Of all daemons together. */
  readonly callsPerDay: number;
  readonly mostInADay: number;
  readonly reads: number;
  readonly bad: number;
  /** Bad reads that a rival's forced calls have caused, not counted among the others. */
  readonly apart: number;
  /** The longest stretch in which a reader could be refused, ms. */
  readonly worstGap: number;
  /** The least life that a token had left when it was replaced in a file, ms. */
  readonly leastLife: number;
  readonly bound: Bound;
  /** What breaks a bound, in words; empty when all is well. */
  readonly broken: readonly string[];
}

/** Without faults, of any number of daemons together: the platform's minimum of 12 and a tenth. */
const MOST_CALLS_A_DAY = 13.2;

export function judge(outcome: Outcome): Verdict {
  const { scenario, end, journal, deaths, files } = outcome;
  const readings = files.map((file) => file.read(deaths.of, end));
  const gaps = readings.flatMap((reading) => reading.gaps);
  const [apart, own] = partition(gaps, (gap) => isForcedByRival(gap, outcome));
  const calls = journal.calls.filter(({ by }) => by === 'daemon');
  const leftOver = readings.flatMap(({ replaced }) =>
    replaced.map(({ token, at }) => deaths.birthOf(token) + LIFE - at),
  );
  const facts = {
    scenario,
    callsPerDay: (calls.length * DAY) / end,
    mostInADay: mostInADay(calls.map(({ at }) => at)),
    reads: readings.reduce((sum, { reads }) => sum + reads, 0),
    bad: badReads(own),
    apart: badReads(apart),
    worstGap: own.reduce((worst, { from, until }) => Math.max(worst, until - from), 0),
    leastLife: leftOver.reduce((least, left) => Math.min(least, left), LIFE),
    bound: boundOf(scenario),
  };
  const outside = own.filter((gap) => !facts.bound.allows(gap, outcome)).length;
  const forced = calls.filter((call) => call.forced).map(({ at }) => at);
  const broken = [
    outside > 0 && `${outside} gaps outside the bound`,
    facts.worstGap > (facts.bound.longest ?? Number.POSITIVE_INFINITY) && 'a gap longer than the bound',
    facts.reads === 0 && 'nobody read anything',
    facts.mostInADay > BUDGET.fetchesPerDay && 'more calls than the budget',
    mostInADay(forced) > BUDGET.forcedPerDay && 'more forced calls than the budget',
    scenario.fault === FAULTS.none &&
      calls.length > 1 + (MOST_CALLS_A_DAY * end) / DAY &&
      `more than ${MOST_CALLS_A_DAY} calls a day`,
  ];
  return { ...facts, broken: broken.filter((what) => what !== false) };
}

function badReads(gaps: readonly Gap[]): number {
  return gaps.reduce((sum, { bad }) => sum + bad, 0);
}

function partition<T>(all: readonly T[], isFirst: (one: T) => boolean): readonly [T[], T[]] {
  return [all.filter(isFirst), all.filter((one) => !isFirst(one))];
}
