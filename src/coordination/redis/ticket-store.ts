import { decodePushedTicket, encodePushedTicket } from '../../codec/pushed-ticket.ts';
import { EdgeError, failureOf, PASSING } from '../../core/failure.ts';
import type { TicketStore } from '../../core/ports.ts';
import { isNews, newestTicket, type PushedTicket } from '../../core/pushed-ticket.ts';
import { en, zh } from '../../core/text.ts';
import { DAY } from '../../core/time.ts';
import type { AccountReach } from './reach.ts';
import type { TicketServer } from './state-server.ts';

export interface RedisTicketOptions {
  readonly account: string;
  readonly server: TicketServer;
  /** Every call goes through it, so that nobody waits for a server that is known not to answer. */
  readonly reach: AccountReach;
  /** The name of the place of the ticket, for people. */
  readonly where: string;
  /** What others are told when this process has kept a ticket. */
  readonly message: string;
  /** Called once for each reason why a kept ticket cannot be used; it then counts as absent. */
  readonly warn: (message: string) => void;
}

/** A ticket stays so long after it was last kept, ms: the longest life of one is half of it. */
const EXPIRY = DAY;

/** Attempts of one write: whoever else writes at the same moment has been pushed a ticket as well. */
const MOST_TRIES = 20;

/**
 * Keeps the newest pushed ticket of one account on a server of Redis. A write requires that what it replaces is, to the byte,
 * what was found to be older, so of two that are written at one moment the newer one stays. What this process has read or
 * kept it writes again where the server has lost it, and goes on with while the server does not answer.
 */
export function redisTicketStore(options: RedisTicketOptions): TicketStore {
  const { account, server, reach, where, message, warn } = options;
  let newest: PushedTicket | undefined;
  let complained: string | undefined;

  function ticketIn(text: string | undefined): PushedTicket | undefined {
    if (text === undefined) return undefined;
    try {
      const ticket = decodePushedTicket(text, account);
      complained = undefined;
      return ticket;
    } catch (error) {
      const reason = (error as Error).message;
      if (reason !== complained) warn(`ignoring ${where}: ${reason}`);
      complained = reason;
      return undefined;
    }
  }

  /** @param found what is stored, as far as is known */
  async function keep(ticket: PushedTicket, found: string | undefined): Promise<'kept' | 'older'> {
    const text = encodePushedTicket(ticket, account);
    let base = found;
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const known = ticketIn(base);
      if (known && !isNews(ticket, known)) return ticket.createdAt < known.createdAt ? 'older' : 'kept';
      const write = { account, base: base ?? '', text, duration: EXPIRY, message };
      const answer = await reach.writes(() => server.keepTicket(write));
      if (answer.isKept) return 'kept';
      base = answer.stored;
    }
    throw new EdgeError({
      ...{ class: 'passing', code: 'redis-contended', effect: 'none', backoff: PASSING },
      message: {
        en: en`${where} changes faster than it can be written`,
        zh: zh`${where} 变化太快，无法写入`,
      },
    });
  }

  return {
    async read() {
      let text: string | undefined;
      try {
        text = await reach.reads(() => server.readTicket(account));
      } catch (error) {
        if (newest) return newest;
        throw error;
      }
      const found = ticketIn(text);
      const lost = newest;
      newest = newestTicket(found, newest);
      if (lost && newest !== found) await keep(lost, text).catch(() => {});
      return newest;
    },
    async put(ticket) {
      const write = async () => keep(ticket, await reach.reads(() => server.readTicket(account)));
      // A write of which no answer came is found to be made already.
      const outcome = await write().catch((error: unknown) => {
        if (failureOf(error, 'none').effect !== 'unknown') throw error;
        return write();
      });
      if (outcome === 'kept') newest = newestTicket(ticket, newest);
      return outcome;
    },
  };
}
