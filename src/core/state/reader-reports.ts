/** What readers have said of the current token, and how far that has been followed up. */
import type { AccountRecord } from '../record.ts';
import { type Instant, MINUTE } from '../time.ts';

/**
 * How far the doubts of readers about the current token have been followed up.
 * - `ask`: one ordinary fetch is owed
 * - `probe`: that fetch brought the same token; ask the platform whether it works
 * - `force`: it does not work; only a forced refresh brings another
 */
export type Suspicion = 'ask' | 'probe' | 'force';

/** What readers' reports of a refused token have cost lately. */
export interface ReaderReports {
  /** How many fetches they have cost; 0 while nobody has reported anything. */
  readonly spent: number;
  /** Monotonic ms of the last report. */
  readonly lastAt: number;
  readonly suspicion?: Suspicion;
  /** The platform itself has refused the token in a call of ours: that is no claim which may be wrong. */
  readonly isSeen?: true;
}

export const NO_REPORTS: ReaderReports = { spent: 0, lastAt: Number.NEGATIVE_INFINITY };

/** A reader that refuses whatever it is given costs this many fetches, then nothing. */
const MOST = 2;

/** After this long without a report, the next one starts a new episode: a returning rival, not a broken reader. */
const FORGIVEN = 30 * MINUTE;

/** A token refused so soon after it replaced a refused one was killed by someone else. */
const RIVAL_AGE = 10 * MINUTE;

/**
 * What a report of a refused token comes to.
 * - `behind`: it is about a token that was replaced; the reader has to read again
 * - `asked`: the platform is asked
 * - `pending`: the platform is being asked already
 * - `rival`: the platform is asked as well, but a token that had just replaced a refused one is refused again
 * - `quiet`: asking did not help twice, so nothing more is done about it
 * - `mirror`: another program fetches this token, and is the one to tell
 */
export type RefusalVerdict = 'behind' | 'asked' | 'pending' | 'rival' | 'quiet' | 'mirror';

/** What a report of the current token would come to. */
export function judgeRefusal(
  { reports, record }: { readonly reports: ReaderReports; readonly record: AccountRecord },
  now: Instant,
): RefusalVerdict {
  if (reports.suspicion) return 'pending';
  if (refused(reports, now).suspicion === undefined) return 'quiet';
  const age = now.wall - (record.token?.issuedAt ?? 0);
  return isRecent(reports, now) && age < RIVAL_AGE ? 'rival' : 'asked';
}

function isRecent({ lastAt }: ReaderReports, now: Instant): boolean {
  return now.monotonic - lastAt < FORGIVEN;
}

/**
 * The platform refused the current token.
 * @param byPlatform in a call of ours; absent: a reader says so
 */
export function refused(reports: ReaderReports, now: Instant, byPlatform?: true): ReaderReports {
  const { monotonic: lastAt } = now;
  const seen = byPlatform && { isSeen: byPlatform };
  if (reports.suspicion) return { ...reports, lastAt, ...seen };
  const spent = isRecent(reports, now) ? reports.spent : 0;
  return spent < MOST ? { spent: spent + 1, lastAt, suspicion: 'ask', ...seen } : { spent, lastAt };
}

/**
 * A target holds a value that may be newer than the current token, as if a reader had reported the latter. The platform
 * is asked at most once a minute, however often somebody writes there.
 */
export function doubtedByTarget(reports: ReaderReports, now: Instant): ReaderReports {
  const { monotonic: lastAt } = now;
  if (reports.suspicion || lastAt - reports.lastAt < MINUTE) return reports;
  return { spent: Math.max(1, reports.spent), lastAt, suspicion: 'ask' };
}

/** The doubt is followed up: there is a new token, or another daemon has been told, or the token works. */
export function settled({ spent, lastAt }: ReaderReports): ReaderReports {
  return { spent, lastAt };
}

/** The platform handed out the very token that a reader doubts: an ordinary call could not bring another. */
export function sameTokenDoubted(reports: ReaderReports): ReaderReports {
  return reports.suspicion === 'ask' ? { ...reports, suspicion: 'probe' } : reports;
}

/** The platform was asked whether the current token works. */
export function probed(reports: ReaderReports, works: boolean): ReaderReports {
  return works ? settled(reports) : { ...reports, suspicion: 'force' };
}

/** Whether no reader has ever reported anything. */
export function isUnreported({ spent }: ReaderReports): boolean {
  return spent === 0;
}
