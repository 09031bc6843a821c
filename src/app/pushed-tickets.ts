import type { TicketFile } from '../coordination/folder/ticket-file.ts';
import { failureOf, textsOf } from '../core/failure.ts';
import type { PushedTickets, TicketStore } from '../core/ports.ts';
import { isNews, newestTicket } from '../core/pushed-ticket.ts';
import { en, type Text, zh } from '../core/text.ts';

export interface PushedTicketsOptions {
  /** Where all daemons of the account keep the newest ticket. */
  readonly store: TicketStore;
  /** The file in which an app leaves tickets; absent: they arrive in another way. */
  readonly file?: Pick<TicketFile, 'read'>;
  /** Called once for each reason why the ticket cannot be kept or read. */
  readonly warn: (message: Text) => void;
}

/**
 * Joins the file in which an app leaves tickets with the place where all daemons of the account keep the newest one: so
 * a ticket reaches the daemon that fetches, wherever it arrived, and outlasts the file.
 */
export function pushedTickets({ store, file, warn }: PushedTicketsOptions): PushedTickets {
  let told: string | undefined;

  async function withStore<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      const done = await work();
      told = undefined;
      return done;
    } catch (error) {
      const { message } = textsOf(failureOf(error, 'none'));
      if (message.en !== told)
        warn({ en: en`the pushed ticket: ${message}`, zh: zh`平台推送的 ticket：${message}` });
      told = message.en;
      return undefined;
    }
  }

  return {
    async newest() {
      const [left, kept] = await Promise.all([file?.read(), withStore(store.read)]);
      if (left && isNews(left, kept)) await withStore(() => store.put(left));
      return newestTicket(kept, left);
    },
  };
}
