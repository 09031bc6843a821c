/** Why the current token is doubted, and how far that has been followed up. */
import type { AccountRecord } from '../record.ts';
import { type Instant, MINUTE } from '../time.ts';
import { without } from '../without.ts';

/**
 * Who doubts the current token.
 * - `reader`: an app says that the platform refused it. An app may say so for ever, of any token
 * - `platform`: the platform has refused it in a call of ours
 * - `hint`: something has become known that ends tokens, such as a push or a list that tells of an authorisation
 */
export type Doubter = 'reader' | 'platform' | 'hint';

/**
 * How far doubts about the current token have been followed up.
 * - `ask`: one ordinary fetch is owed
 * - `probe`: that fetch brought the same token; ask the platform whether it works
 * - `force`: it does not work; only a forced refresh brings another
 */
export type Suspicion = 'ask' | 'probe' | 'force';

export interface Doubts {
  /** How many fetches reports of readers have cost lately; 0 while nobody has reported anything. */
  readonly spent: number;
  /** Monotonic ms at which the token was last refused, as far as that is known. */
  readonly lastAt: number;
  readonly suspicion?: Suspicion;
  /** Whose suspicion it is: of several the one that weighs most. */
  readonly by?: Doubter;
  /** Monotonic ms at which the platform was last asked whether the token works, since readers went on to report tokens. */
  readonly checkedAt?: number;
  /** What the platform has told lately, and when that was followed up last, or will be; monotonic ms. */
  readonly told?: { readonly times: number; readonly askAt: number };
}

export const NO_DOUBTS: Doubts = { spent: 0, lastAt: Number.NEGATIVE_INFINITY };

/** A reader that refuses whatever it is given costs this many fetches. */
const MOST = 2;

/**
 * After that its word costs no token any more, but the platform is asked so often whether the token works, ms: it may be dead
 * all the same, as after each of several authorisations of an account that nothing else tells of.
 */
const CHECKED_EVERY = MINUTE;

/** After this long without a report, the next one starts a new episode: a returning rival, not a broken reader. */
const FORGIVEN = 30 * MINUTE;

/** A token refused so soon after it replaced a refused one was killed by someone else. */
const RIVAL_AGE = 10 * MINUTE;

/**
 * What the platform tells is followed up at once so often, and then at growing pauses, ms: none of it is dropped, since the
 * token is dead. Where every new token is dead as well, as between two programs that fetch, and where somebody repeats
 * pushes, it costs no more than three calls an hour in the end.
 */
const AT_ONCE = 3;
const FIRST_PAUSE = MINUTE;
const LONGEST_PAUSE = 20 * MINUTE;

/**
 * What a doubt about the current token comes to.
 * - `behind`: it is about a token that was replaced; the reader has to read again
 * - `asked`: the platform is asked
 * - `later`: the platform is asked after a pause, since it has been asked for the like several times
 * - `pending`: the platform is being asked already
 * - `rival`: the platform is asked as well, but a token that had just replaced a refused one is refused again
 * - `checked`: another token did not help twice, so the platform is asked whether this one works
 * - `quiet`: that has just been asked
 * - `mirror`: another program fetches this token, and is the one to tell
 */
export type DoubtVerdict =
  | 'behind'
  | 'asked'
  | 'later'
  | 'pending'
  | 'rival'
  | 'checked'
  | 'quiet'
  | 'mirror';

/** What a doubt about the current token would come to. */
export function judgeDoubt(
  { doubts, record }: { readonly doubts: Doubts; readonly record: AccountRecord },
  now: Instant,
  by: Doubter,
): DoubtVerdict {
  if (doubts.suspicion) return 'pending';
  const next = doubted(doubts, now, by);
  if (next.suspicion === undefined) return 'quiet';
  if (next.suspicion === 'probe') return 'checked';
  if ((untilAsked(next, now) ?? 0) > 0) return 'later';
  const age = now.wall - (record.token?.issuedAt ?? 0);
  return by !== 'hint' && isRecent(doubts.lastAt, now) && age < RIVAL_AGE ? 'rival' : 'asked';
}

function isRecent(at: number, now: Instant): boolean {
  return now.monotonic - at < FORGIVEN;
}

/** The current token is doubted. */
export function doubted(doubts: Doubts, now: Instant, by: Doubter): Doubts {
  const lastAt = by === 'hint' ? doubts.lastAt : now.monotonic;
  if (doubts.suspicion) return { ...doubts, lastAt, by: weightier(by, doubts.by) };
  if (by === 'reader') {
    const spent = isRecent(doubts.lastAt, now) ? doubts.spent : 0;
    if (spent < MOST) return { ...doubts, spent: spent + 1, lastAt, suspicion: 'ask', by };
    const { checkedAt = Number.NEGATIVE_INFINITY } = doubts;
    if (lastAt - checkedAt < CHECKED_EVERY) return { ...doubts, spent, lastAt };
    return { ...doubts, spent, lastAt, suspicion: 'probe', by, checkedAt: lastAt };
  }
  const { told } = doubts;
  const times = told && isRecent(told.askAt, now) ? told.times : 0;
  const askAt = Math.max(now.monotonic, times < AT_ONCE ? 0 : (told?.askAt ?? 0) + pauseAfter(times));
  return { ...doubts, lastAt, suspicion: 'ask', by, told: { times: times + 1, askAt } };
}

function pauseAfter(times: number): number {
  return Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (times - AT_ONCE));
}

const WEIGHTS: readonly (Doubter | undefined)[] = [undefined, 'hint', 'reader', 'platform'];

function weightier(one: Doubter, other: Doubter | undefined): Doubter {
  return other && WEIGHTS.indexOf(other) > WEIGHTS.indexOf(one) ? other : one;
}

/**
 * A target holds a value that may be newer than the current token, as if a reader had reported the latter. The platform
 * is asked at most once a minute, however often somebody writes there.
 */
export function doubtedByTarget(doubts: Doubts, now: Instant): Doubts {
  const { monotonic: lastAt } = now;
  if (doubts.suspicion || lastAt - doubts.lastAt < MINUTE) return doubts;
  return { ...doubts, spent: Math.max(1, doubts.spent), lastAt, suspicion: 'ask', by: 'reader' };
}

/** The doubt is followed up: there is a new token, or another daemon has been told, or the token works. */
export function settled(doubts: Doubts): Doubts {
  return without(doubts, 'suspicion', 'by');
}

/** The platform handed out the very token that is doubted: an ordinary call could not bring another. */
export function sameTokenDoubted(doubts: Doubts): Doubts {
  return doubts.suspicion === 'ask' ? { ...doubts, suspicion: 'probe' } : doubts;
}

/**
 * The platform was asked whether the current token works.
 * @param isReplaceable any fetch brings another one
 */
export function probed(doubts: Doubts, works: boolean, isReplaceable: boolean, now: Instant): Doubts {
  // Another token may have come meanwhile, of which the answer says nothing.
  if (doubts.suspicion !== 'probe') return doubts;
  if (works) return settled(doubts);
  return isReplaceable ? doubted(settled(doubts), now, 'platform') : { ...doubts, suspicion: 'force' };
}

/** Milliseconds until the fetch that a doubt owes may be made; undefined where none is owed. */
export function untilAsked({ suspicion, by, told }: Doubts, now: Instant): number | undefined {
  if (suspicion !== 'ask') return undefined;
  return by === 'reader' ? 0 : Math.max(0, (told?.askAt ?? 0) - now.monotonic);
}

/** Whether a fetch with this token could only be refused: the platform has said so, and no other has come since. */
export function isKnownDead({ suspicion, by }: Doubts): boolean {
  return suspicion === 'ask' && by === 'platform';
}
