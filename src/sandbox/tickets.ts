/** A ticket is not replaced early: the same one comes back until it ends. Times are epoch ms. */
export interface Ticket {
  readonly value: string;
  readonly endsAt: number;
}

/** The ticket that lives at `now`, else a new one of `ttl` ms. */
export function currentTicket(
  held: Ticket | undefined,
  now: number,
  ttl: number,
  mint: () => string,
): Ticket {
  return held && now < held.endsAt ? held : { value: mint(), endsAt: now + ttl };
}

/**
 * The answer of every ticket endpoint. `expires_in` is the full life even for a ticket that is about to end, as
 * field reports agree, and errcode is present on success.
 */
export function ticketAnswer(ticket: Ticket, ttl: number): Readonly<Record<string, unknown>> {
  return { errcode: 0, errmsg: 'ok', ticket: ticket.value, expires_in: Math.floor(ttl / 1000) };
}
