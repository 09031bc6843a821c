/** A ticket. The platform returns the same one until its end and never replaces it early. Times are in epoch ms. */
export interface Ticket {
  readonly value: string;
  readonly endsAt: number;
}

/** Returns the ticket if it is valid at `now`, otherwise a new one with a lifetime of `ttl` ms. */
export function currentTicket(
  held: Ticket | undefined,
  now: number,
  ttl: number,
  mint: () => string,
): Ticket {
  return held && now < held.endsAt ? held : { value: mint(), endsAt: now + ttl };
}

/**
 * Creates the response of all ticket endpoints. `expires_in` is the full lifetime even for a ticket that is about
 * to end, and errcode is present on success (docs/wechat-facts.md, "Tickets" and "Form of answers").
 */
export function ticketAnswer(ticket: Ticket, ttl: number): Readonly<Record<string, unknown>> {
  return { errcode: 0, errmsg: 'ok', ticket: ticket.value, expires_in: Math.floor(ttl / 1000) };
}
