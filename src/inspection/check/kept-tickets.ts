import { accountOf } from '../../app/app-secret.ts';
import { type Config, isFetched } from '../../config/config.ts';
import type { PushedTicket } from '../../core/pushed-ticket.ts';
import { kindOf } from '../../providers/index.ts';
import type { Stored } from './probe-platform.ts';

/** The newest pushed tickets that daemons keep, by the names of their credentials. One that cannot be read is none. */
export async function keptTickets(
  { credentials }: Pick<Config, 'credentials'>,
  stored: Pick<Stored, 'openTickets'>,
): Promise<ReadonlyMap<string, PushedTicket>> {
  const found = await Promise.all(
    credentials.map(async (credential) => {
      if (!isFetched(credential) || !kindOf(credential.type).pushed) return [];
      const { name } = credential;
      const read = async () => stored.openTickets((await accountOf(credential)).account, name).read();
      const ticket = await read().catch(() => undefined);
      return ticket ? [[name, ticket] as const] : [];
    }),
  );
  return new Map(found.flat());
}
