import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/time.ts';
import { CURED, RETRY } from '../bounds.ts';
import { RESTART } from '../fault.ts';
import { type Gap, REREAD } from '../file.ts';
import { type CallKind, isForAccount, isOfAccount } from './journal.ts';
import type { Party } from './party.ts';
import type { Scenario } from './scenario.ts';
import type { Outcome } from './simulate.ts';

/** One row of the table. */
export interface Verdict {
  readonly scenario: Scenario;
  /** Calls for a token of one account, a day: on the average, and of the account that cost most. */
  readonly perAccount: number;
  readonly mostOfOne: number;
  /** Calls for the component's own token, a day. */
  readonly ofComponent: number;
  /** Readings of the list and exchanges of codes, a day, of all accounts together. */
  readonly listings: number;
  readonly exchanges: number;
  readonly starts: number;
  /** Calls for accounts that all daemons made in one second, and that one of them had under way at once. */
  readonly mostInASecond: number;
  readonly mostAtOnce: number;
  readonly reads: number;
  /** Reads of a dead token that nobody could have helped, and the others. */
  readonly unavoidable: number;
  readonly avoidable: number;
  /** The longest stretch in which a reader was refused, ms. */
  readonly worstGap: number;
  /** What breaks a bound, in words; empty when all is well. */
  readonly broken: readonly string[];
}

/** The platform's minimum of 12, and a tenth. */
const MOST_CALLS_A_DAY = 13.2;

/** Calls for accounts that leave within a second, of all daemons; and fetches that one has under way at once. */
const A_SECOND = 10;
const AT_ONCE = 5;

/** How long a ticket works, ms. */
const TICKET_LIFE = 12 * HOUR;

/** From one push to the next at most, ms. */
const RHYTHM = 12 * MINUTE;

/**
 * From an authorisation that ends a token until no reader holds it: the first refused reader says so within a minute,
 * the platform is asked, and a minute later everybody has read again.
 */
const AFTER_AUTHORISATION = REREAD + 5 * SECOND + CURED;

export function judge(outcome: Outcome): Verdict {
  const { scenario, end, journal, party } = outcome;
  const { trouble } = scenario;
  const days = end / DAY;
  const count = (kind: CallKind) => journal.calls.filter((call) => call.kind === kind).length;
  const ofOne = new Map<string, number>();
  for (const { kind, account } of journal.calls)
    if (isOfAccount(kind)) ofOne.set(account, (ofOne.get(account) ?? 0) + 1);
  const met = [party.component, ...party.accounts].map((one) => readingsOf(one, outcome));
  const sum = (of: (one: (typeof met)[number]) => number) => met.reduce((all, one) => all + of(one), 0);
  const ofAccounts = journal.calls.filter(({ kind }) => isForAccount(kind));
  const facts = {
    scenario,
    perAccount: (count('authorizer') + count('exchange')) / scenario.accounts / days,
    mostOfOne: Math.max(...ofOne.values()) / days,
    ofComponent: count('component') / days,
    listings: count('list') / days,
    exchanges: count('exchange') / days,
    starts: count('start') / days,
    mostInASecond: mostWithin(SECOND, timesOf(ofAccounts)),
    mostAtOnce: ofAccounts.reduce((most, { underway }) => Math.max(most, underway), 0),
    reads: sum(({ reads }) => reads),
    unavoidable: sum(({ unavoidable }) => badReads(unavoidable)),
    avoidable: sum(({ avoidable }) => badReads(avoidable)),
    worstGap: met.reduce((worst, { gaps }) => Math.max(worst, ...gaps.map(lengthOf)), 0),
  };
  const isPlain = trouble.lost === undefined && trouble.kill === undefined;
  const allowed = MOST_CALLS_A_DAY + 1 / days;
  const broken = [
    facts.reads === 0 && 'nobody read anything',
    facts.avoidable > 0 && `${facts.avoidable} avoidable reads of a dead token`,
    isPlain && facts.perAccount > allowed && `more than ${MOST_CALLS_A_DAY} calls a day and account`,
    isPlain && facts.ofComponent > allowed && `more than ${MOST_CALLS_A_DAY} calls a day of the component`,
    facts.mostInASecond > A_SECOND && `more than ${A_SECOND} calls in a second`,
    facts.mostAtOnce > AT_ONCE && `more than ${AT_ONCE} calls at once`,
  ];
  return { ...facts, broken: broken.filter((what) => what !== false) };
}

interface Met {
  readonly reads: number;
  readonly gaps: readonly Gap[];
  readonly unavoidable: readonly Gap[];
  readonly avoidable: readonly Gap[];
}

/** What the readers of all its files met. */
function readingsOf(party: Party, outcome: Outcome): Met {
  const readings = outcome.filesOf(party).map((file) => file.read(party.deaths.of, outcome.end));
  const gaps = readings.flatMap((reading) => reading.gaps);
  return {
    reads: readings.reduce((all, { reads }) => all + reads, 0),
    gaps,
    unavoidable: gaps.filter((gap) => isUnavoidable(gap, party, outcome)),
    avoidable: gaps.filter((gap) => !isUnavoidable(gap, party, outcome)),
  };
}

/**
 * Whether a reader held a dead token because of what no daemon can help: the account authorised again, which ends its
 * token at once; or the platform pushed nothing for longer than a ticket lives; or the answer with the next token never
 * arrived, or died with the daemon, and asking again ends the one before.
 */
function isUnavoidable(gap: Gap, party: Party, outcome: Outcome): boolean {
  return (
    isAuthorisation(gap, party) || isWithoutTicket(gap, outcome) || isUnheard(gap, party, outcome.scenario)
  );
}

/** The token ended by an authorisation, and by nothing that came of it: no other token dies with it. */
function isAuthorisation({ diedAt, until }: Gap, { journal }: Party): boolean {
  return journal.authorisations.some((at) => at === diedAt && until <= at + AFTER_AUTHORISATION);
}

/** A token of the component that was fetched with the last ticket lives no longer than that ticket and one life. */
function isWithoutTicket({ diedAt, until }: Gap, { journal }: Outcome): boolean {
  const last = journal.pushes.findLast((at) => at <= diedAt) ?? 0;
  const next = journal.pushes.find((at) => at > diedAt) ?? Number.POSITIVE_INFINITY;
  return diedAt >= last + TICKET_LIFE && until <= Math.max(next, diedAt) + RHYTHM + CURED;
}

function isUnheard(
  { token, diedAt, until }: Gap,
  { journal, deaths }: Party,
  { trouble }: Scenario,
): boolean {
  if (trouble.lost === undefined && trouble.kill === undefined) return false;
  const wasUnheard = journal.issued.some(
    (one) => deaths.birthOf(token) < one.at && one.at <= diedAt && !journal.heard.has(one.token),
  );
  const next = journal.answers.find((at) => at >= diedAt) ?? Number.POSITIVE_INFINITY;
  return wasUnheard && next <= diedAt + 2 * RETRY + RESTART && until <= next + CURED + RESTART;
}

function lengthOf({ from, until }: Gap): number {
  return until - from;
}

function badReads(gaps: readonly Gap[]): number {
  return gaps.reduce((all, { bad }) => all + bad, 0);
}

function timesOf(calls: readonly { readonly at: number }[]): number[] {
  return calls.map(({ at }) => at);
}

/** The most of them in any stretch of that length. Times in order, ms. */
function mostWithin(ms: number, times: readonly number[]): number {
  let most = 0;
  let oldest = 0;
  for (const [index, time] of times.entries()) {
    while ((times[oldest] ?? time) <= time - ms) oldest += 1;
    most = Math.max(most, index - oldest + 1);
  }
  return most;
}
