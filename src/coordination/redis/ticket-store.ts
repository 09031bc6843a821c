import { decodePushedTicket, encodePushedTicket } from '../../codec/pushed-ticket.ts';
import type { TicketStore } from '../../core/ports.ts';
import { newestTicket, type PushedTicket, putTicket } from '../../core/pushed-ticket.ts';
import { DAY } from '../../core/time.ts';
import { type PushedPlace, pushedDocument, type Stored } from './pushed-document.ts';

/** A ticket stays so long after it was last kept, ms: the longest life of one is half of it. */
const EXPIRY = DAY;

/**
 * Keeps the newest pushed ticket of one account on a server of Redis: of two that are written at one moment the newer one
 * stays. What this process has read or kept it writes again where the server has lost it, and goes on with while the server
 * does not answer.
 */
export function redisTicketStore(place: PushedPlace): TicketStore {
  const document = pushedDocument<PushedTicket>(place, {
    decode: decodePushedTicket,
    encode: encodePushedTicket,
    expiry: EXPIRY,
  });
  let newest: PushedTicket | undefined;

  async function keep(ticket: PushedTicket, base?: Stored<PushedTicket>): Promise<'kept' | 'older'> {
    return (await document.change((known) => putTicket(ticket, known), base)) ?? 'kept';
  }

  return {
    async read() {
      let found: Stored<PushedTicket>;
      try {
        found = await document.read();
      } catch (error) {
        if (newest) return newest;
        throw error;
      }
      const lost = newest;
      newest = newestTicket(found.value, newest);
      if (lost && newest !== found.value) await keep(lost, found).catch(() => {});
      return newest;
    },
    async put(ticket) {
      const outcome = await keep(ticket);
      if (outcome === 'kept') newest = newestTicket(newest, ticket);
      return outcome;
    },
  };
}
