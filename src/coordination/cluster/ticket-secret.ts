import { decodePushedTicket, encodePushedTicket } from '../../codec/pushed-ticket.ts';
import type { Keys } from '../../codec/secret-layout.ts';
import type { TicketStore } from '../../core/ports.ts';
import { type PushedTicket, putTicket } from '../../core/pushed-ticket.ts';
import { type PushedPlace, pushedDocument } from './pushed-document.ts';

/** Keeps the newest pushed ticket of one account under a key of the cluster's Secret. */
export function ticketSecret(place: PushedPlace, { pushed: key }: Pick<Keys, 'pushed'>): TicketStore {
  const { read, change } = pushedDocument<PushedTicket>(place, {
    key,
    decode: decodePushedTicket,
    encode: encodePushedTicket,
  });
  return {
    read,
    put: async (ticket) => (await change((known) => putTicket(ticket, known))) ?? 'kept',
  };
}
