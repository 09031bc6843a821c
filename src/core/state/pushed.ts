/** What is known of the ticket that the platform pushes, without which a third party's token cannot be fetched. */
import type { Failure } from '../failure.ts';
import type { Policy } from '../policy.ts';
import { isNews, type PushedTicket } from '../pushed-ticket.ts';
import { type Instant, MINUTE } from '../time.ts';
import { without } from '../without.ts';

export interface PushedState {
  /** The newest one. Absent until one has arrived. */
  readonly ticket?: PushedTicket;
  /** Why the platform could not be asked to push again; until it could, or a ticket came. */
  readonly startFailure?: Failure;
}

export const NOTHING_PUSHED: PushedState = {};

/** What was found at a look at where tickets arrive. A ticket that is there no more is still the newest one known. */
export function arrived(pushed: PushedState, ticket: PushedTicket | undefined): PushedState {
  if (!ticket || !isNews(ticket, pushed.ticket)) return pushed;
  return { ...without(pushed, 'startFailure'), ticket };
}

/** The platform was asked to push. */
export function startAsked(pushed: PushedState, failure: Failure | undefined): PushedState {
  return failure ? { ...pushed, startFailure: failure } : without(pushed, 'startFailure');
}

/** Age of the newest ticket by this machine's clock, ms; undefined without one. */
export function ticketAge({ ticket }: PushedState, { wall }: Instant): number | undefined {
  return ticket && Math.max(0, wall - ticket.createdAt);
}

/** The platform is not asked to push more often than this, since the request carries the secret; ms. */
const START_SPACING = 10 * MINUTE;

/**
 * Milliseconds until the platform is to be asked to push: once none has come for so long that pushes seem to have
 * stopped. Infinite where there is no such call.
 * @param askedAt when any daemon of the account last asked, epoch ms
 */
export function untilStart(
  pushed: PushedState,
  { pushes }: Policy,
  askedAt: number | undefined,
  now: Instant,
): number {
  if (!pushes?.canStart) return Number.POSITIVE_INFINITY;
  const quiet = pushes.quietAfter - (ticketAge(pushed, now) ?? pushes.quietAfter);
  // Once the clock was set back, nobody knows how long ago that was: one call more does no harm.
  const isKnown = askedAt !== undefined && askedAt <= now.wall;
  const spacing = isKnown ? askedAt + START_SPACING - now.wall : 0;
  return Math.max(0, quiet, spacing);
}

/**
 * How the pushes stand. `quiet`: none has come for longer than they ever pause. `ending`: the newest ticket is about to
 * end, or has ended. `none`: there has never been one.
 */
export type PushStanding = 'flowing' | 'quiet' | 'ending' | 'none';

export function pushStanding(pushed: PushedState, policy: Policy, now: Instant): PushStanding | undefined {
  const { pushes } = policy;
  if (!pushes) return undefined;
  const age = ticketAge(pushed, now);
  if (age === undefined) return 'none';
  if (age >= pushes.endingAfter) return 'ending';
  return age >= pushes.quietAfter ? 'quiet' : 'flowing';
}
