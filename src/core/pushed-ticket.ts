/**
 * A ticket that the platform pushes to a third party, and that the third party's own token is fetched with:
 * `component_verify_ticket`, `suite_ticket`. The newest one counts. Not to be taken for the tickets that are fetched
 * with a token (`jsapi` and their like).
 */
import type { Secret } from './secret.ts';
import { MINUTE } from './time.ts';

export interface PushedTicket {
  readonly value: Secret;
  /** Epoch ms: when the platform made the push, by its own clock where that is known, otherwise when it arrived. */
  readonly createdAt: number;
  /** Epoch ms: when it arrived here. */
  readonly receivedAt: number;
  /**
   * Nothing tells when the platform made the push. Then `createdAt` is when this value was found first: a job may copy
   * one ticket out of a cache for ever, long after the last push.
   */
  readonly undated?: true;
}

/** How a platform writes its pushes: the Open Platform in one way, WeCom in another. */
export type PushDialect = 'open-platform' | 'work-weixin';

/** How far ahead of our clock the time of a push may be before it is not believed, ms. */
export const AHEAD_OF_CLOCK = 10 * MINUTE;

/** The one that was pushed last; of two with one time, or one that was found again, the first. */
export function newestTicket(
  one: PushedTicket | undefined,
  other: PushedTicket | undefined,
): PushedTicket | undefined {
  if (!one || !other) return one ?? other;
  return other.createdAt > one.createdAt && !isFoundAgain(other, one) ? other : one;
}

/**
 * Whether a push says something that is not known: another ticket, or that the platform still stands by this one. The
 * Open Platform may push one ticket for an hour (seen in 2022), so the same one in a later push is as good as another. One
 * of which nothing tells when it was pushed keeps the time at which it was found first: where the platform does repeat it,
 * pushes seem to pause for that hour, and where the app is dead, that shows.
 */
export function isNews(ticket: PushedTicket, known: PushedTicket | undefined): boolean {
  if (!known) return true;
  if (isFoundAgain(ticket, known)) return false;
  if (ticket.createdAt > known.createdAt) return true;
  return ticket.createdAt === known.createdAt && !ticket.value.equals(known.value);
}

function isFoundAgain({ undated, value }: PushedTicket, known: PushedTicket): boolean {
  return undated === true && value.equals(known.value);
}

/** What becomes of a ticket where another one may be kept: it takes its place, or that is left as the newer or the same one. */
export function putTicket(
  ticket: PushedTicket,
  known: PushedTicket | undefined,
): { readonly write: PushedTicket } | { readonly leave: 'kept' | 'older' } {
  if (!known || isNews(ticket, known)) return { write: ticket };
  return { leave: ticket.createdAt < known.createdAt ? 'older' : 'kept' };
}
