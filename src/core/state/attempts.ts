/**
 * What the attempts at the platform have come to, and what holds the next one back, and until when. `due.ts` says when
 * a fetch is due, `budget.ts` what the budget allows.
 */
import type { Context } from '../context.ts';
import { type Backoff, backoffDelay, type Failure, type FailureClass, PASSING } from '../failure.ts';
import type { LastFailure } from '../record.ts';
import { type Instant, MINUTE, SECOND } from '../time.ts';
import { without } from '../without.ts';

/**
 * Why the platform is not asked before `until` (monotonic ms). A person's refresh skips it once.
 * - `backoff`: an attempt failed, or another daemon's attempt is under way
 * - `unready`: the platform handed out the same token again
 */
interface Hold {
  readonly why: 'backoff' | 'unready';
  readonly until: number;
}

export interface Attempts {
  /** How many attempts in a row have failed. */
  readonly failures: number;
  /** The last failure, until an attempt succeeds. */
  readonly failure?: Failure;
  /** The failure was another daemon's, which wrote it down; it was not ours. */
  readonly reportedByPeer?: true;
  /** How often in a row the platform handed out the same token although it was due. */
  readonly unready: number;
  /** How often in a row another daemon held the lock. */
  readonly blocked: number;
  readonly hold?: Hold;
  /** Monotonic ms before which nothing that needs the lock is tried: another daemon holds it. */
  readonly lockedUntil?: number;
}

type Moment = Pick<Context, 'now' | 'random'>;

/** Nothing has failed and nothing is held back: so every new token leaves it. */
export const NO_ATTEMPTS: Attempts = { failures: 0, unready: 0, blocked: 0 };

/** Waiting for a lock that another daemon holds. */
const BLOCKED: Backoff = { first: 500, growth: 2, cap: 5 * SECOND, jitter: 'full' };

/** Around the end of a token's life the daemon waits no longer than this for a passing fault. */
const URGENT = 10 * SECOND;

/**
 * How long others leave the platform alone after an attempt of one of them. It is never less than the wait of the
 * daemon that met a passing fault, which draws from the whole of its own (a no of the platform has a pause of its own,
 * see `last-failure.ts`). So that daemon goes on alone, and however many daemons there are, they ask as often as one
 * would. Should it be gone, the next one takes its place.
 */
const ELSEWHERE: Backoff = { first: SECOND, growth: 2, cap: MINUTE, jitter: 'added' };

/**
 * An attempt of ours failed.
 * @param left what the token has left, ms
 */
export function failedAttempt(
  { failures, unready }: Attempts,
  failure: Failure,
  left: number | undefined,
  moment: Moment,
): Attempts {
  const tried = { failures: failures + 1, failure, unready, blocked: 0 };
  return { ...tried, hold: holdAfter(tried, failure, left, moment) };
}

/** The platform handed out the token that we have: that is no failure, but it gets a pause of so many ms. */
export function sameTokenAgain({ unready }: Attempts, pause: number, now: Instant): Attempts {
  return paused({ failures: 0, unready: unready + 1, blocked: 0 }, 'unready', pause, now);
}

/** The platform is not asked for so many ms. */
export function paused(attempts: Attempts, why: Hold['why'], ms: number, now: Instant): Attempts {
  return { ...attempts, hold: { why, until: now.monotonic + ms } };
}

/**
 * Another daemon holds the lock. What else holds the next attempt back goes on.
 * @param least ms for which it must not be asked again; 0 when only the lock is waited for
 */
export function blockedByPeer(attempts: Attempts, { now, random }: Moment, least: number): Attempts {
  const blocked = attempts.blocked + 1;
  const wait = Math.max(least, backoffDelay(BLOCKED, blocked, random));
  return { ...attempts, blocked, lockedUntil: now.monotonic + wait };
}

/** The lock can be had again. */
export function unblocked(attempts: Attempts): Attempts {
  return { ...without(attempts, 'lockedUntil'), blocked: 0 };
}

/** Milliseconds until the lock is tried again, which another daemon holds; 0 where nobody is known to. */
export function untilLock({ lockedUntil = 0 }: Attempts, now: Instant): number {
  return Math.max(0, lockedUntil - now.monotonic);
}

/** Another daemon has asked the platform for what we would be asking for, and nothing has come of it yet. */
export function peerAttempt(attempts: Attempts, left: number | undefined, moment: Moment): Attempts {
  const next = { ...attempts, failures: attempts.failures + 1 };
  const hold = holdAfter(next, { class: 'passing', backoff: ELSEWHERE }, left, moment);
  return (attempts.hold?.until ?? 0) >= hold.until ? next : { ...next, hold };
}

/** Another daemon's attempt failed: we take its failure over as if it had been ours. */
export function peerFailure(attempts: Attempts, { failure }: LastFailure): Attempts {
  const isOurs = attempts.failure !== undefined && !attempts.reportedByPeer;
  return {
    ...attempts,
    failure: { ...failure, effect: 'none', backoff: PASSING },
    failures: Math.max(1, attempts.failures),
    ...(!isOurs && { reportedByPeer: true }),
  };
}

/** Whoever fetches for this mirror has no failure any more. */
export function peerRecovery(attempts: Attempts): Attempts {
  return { ...without(attempts, 'failure', 'reportedByPeer'), failures: 0 };
}

/** Another daemon's attempt is over, and it brought neither a new token nor a failure. */
export function peerFoundSameToken(attempts: Attempts): Attempts {
  return { ...attempts, unready: Math.max(1, attempts.unready) };
}

/**
 * Another daemon brought a new token. That ends every failure but a refusal of us, of our AppSecret or address, which a neighbour's token
 * does not make better: we go on as a follower, and try as seldom as before. What is wrong with the authorisation of an
 * account is wrong for all daemons, and so over for all.
 */
export function peerBroughtToken(attempts: Attempts): Attempts {
  const { failure, reportedByPeer } = attempts;
  const isOfAccount = failure?.endsAuthorisation || failure?.lacksGrant;
  const isOurRefusal = failure?.class === 'refused' && !reportedByPeer && !isOfAccount;
  return isOurRefusal ? { ...attempts, unready: 0, blocked: 0 } : NO_ATTEMPTS;
}

/**
 * Our AppSecret is another one than before. It deserves a try, whatever the one before has met.
 * @param isProven it is the one that fetched last, so it is not blamed for the refusal of another
 */
export function secretReplaced(attempts: Attempts, isProven: boolean): Attempts {
  if (attempts.failure?.class !== 'refused') return attempts;
  const retried = { ...without(attempts, 'hold'), failures: 0 };
  return isProven ? without(retried, 'failure', 'reportedByPeer') : retried;
}

/** There is an AppSecret, which could not be read before. It deserves a try. */
export function secretFound(attempts: Attempts): Attempts {
  if (!attempts.failure?.blamesSecret) return attempts;
  return { ...without(attempts, 'hold'), failures: 0 };
}

/** Another ticket has been pushed than the one that was refused. It deserves a try. */
export function ticketReplaced(attempts: Attempts): Attempts {
  if (!attempts.failure?.blamesTicket) return attempts;
  return { ...without(attempts, 'hold'), failures: 0 };
}

/** There is another token to ask with than the one that was refused. It deserves a try. */
export function baseRenewed(attempts: Attempts): Attempts {
  if (!attempts.failure?.blamesToken) return attempts;
  return { ...without(attempts, 'hold'), failures: 0 };
}

/** The wait before the next attempt, after `failures` of them. */
export function holdAfter(
  { failures }: Pick<Attempts, 'failures'>,
  failure: { readonly class: FailureClass; readonly backoff: Backoff },
  left: number | undefined,
  { now, random }: Moment,
): Hold {
  const delay = backoffDelay(failure.backoff, failures, random);
  const wait = failure.class === 'passing' && isUrgent(left) ? Math.min(delay, URGENT) : delay;
  return { why: 'backoff', until: now.monotonic + wait };
}

/** From two minutes before the end of the token until it has been dead for ten. */
function isUrgent(left: number | undefined): boolean {
  return left !== undefined && left < 2 * MINUTE && left > -10 * MINUTE;
}

/** Milliseconds for which the platform is left alone; 0 when it may be asked. */
export function heldFor({ hold }: Attempts, now: Instant): number {
  return Math.max(0, (hold?.until ?? 0) - now.monotonic);
}

/** What keeps the daemon from asking the platform, and for how many ms; undefined when nothing does. */
export function heldBack(
  attempts: Attempts,
  now: Instant,
): { readonly why: Hold['why']; readonly ms: number } | undefined {
  const ms = heldFor(attempts, now);
  return attempts.hold && ms > 0 ? { why: attempts.hold.why, ms } : undefined;
}
