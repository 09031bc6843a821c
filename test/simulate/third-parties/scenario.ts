import { DAY, HOUR } from '../../../src/core/time.ts';

/** What goes wrong around a third party, all random in time. */
export interface Trouble {
  readonly name: string;
  /** Once so often (ms) the platform pushes nothing, for between an hour and `longest`, whatever it is asked. */
  readonly pauses?: { readonly every: number; readonly longest: number };
  /** Once so often (ms) pushes stop until the platform is asked to push again. */
  readonly stops?: number;
  /** Mean time between two authorisations of one account, ms. */
  readonly authorisations?: number;
  /** Chance that the platform acts and its answer is lost. */
  readonly lost?: number;
  /** Chance that a daemon is killed in a fetch. */
  readonly kill?: number;
}

/** A third party with so many accounts, which the daemons of one state folder keep. */
export interface Scenario {
  /** Absent: two. */
  readonly daemons?: number;
  readonly accounts: number;
  readonly days: number;
  readonly seed: number;
  readonly trouble: Trouble;
}

/** Longer than a ticket lives, and than what was fetched with the last one. */
const TOO_LONG = 18 * HOUR;

const MISHAPS: readonly Trouble[] = [
  { name: 'none' },
  { name: 'pushes pause for 1 to 11 h a day', pauses: { every: DAY, longest: 11 * HOUR } },
  { name: 'pushes stop once a day until asked for', stops: DAY },
  { name: 'pushes pause for up to 18 h, every 3 days', pauses: { every: 3 * DAY, longest: TOO_LONG } },
  { name: 'each account authorises every 10 days', authorisations: 10 * DAY },
  { name: '5 % answers lost', lost: 0.05 },
  { name: 'kill around 1 fetch in 50', kill: 0.02 },
];

/** What a third party lives with: pushes that pause for hours, and accounts that authorise again meanwhile. */
const LIFE: Trouble = {
  name: 'pauses of 1 to 11 h a day, authorisations every 10 days',
  pauses: { every: DAY, longest: 11 * HOUR },
  authorisations: 10 * DAY,
};

/**
 * What a third party lives with, with many accounts, and each mishap by itself with a tenth of them.
 * @param accounts of the largest
 */
export function allScenarios(accounts: number, days: number, seed: number): Scenario[] {
  const few = Math.ceil(accounts / 10);
  return [
    { accounts, days, trouble: LIFE },
    ...MISHAPS.map((trouble) => ({ accounts: few, days, trouble })),
  ].map((scenario, index) => ({ ...scenario, seed: seed * 1000 + index }));
}
