import type { TicketKind } from '../core/credential.ts';
import type { PlatformFamily } from '../core/errcodes/index.ts';
import { EdgeError, PASSING } from '../core/failure.ts';
import { type CredentialKind, repeatingPolicy } from './kind.ts';
import { fetched } from './platform.ts';

/** Each kind of ticket, by the name that the configuration knows: whose it is and where it is asked for. */
export const ticketKinds: Readonly<Record<TicketKind, CredentialKind>> = {
  jsapi: ticket('official', '/cgi-bin/ticket/getticket', 'jsapi'),
  wx_card: ticket('official', '/cgi-bin/ticket/getticket', 'wx_card'),
  corp_jsapi: ticket('wecom', '/cgi-bin/get_jsapi_ticket'),
  agent_config: ticket('wecom', '/cgi-bin/ticket/get', 'agent_config'),
};

/**
 * A ticket is fetched with a live token and lives on its own. The same one comes back until it ends, and `expires_in`
 * is always its whole life, so how much of it is left only those know who saw it change.
 */
function ticket(family: PlatformFamily, path: string, type?: string): CredentialKind {
  return {
    family,
    policy: (wishes) => repeatingPolicy({ repeats: 'with-whole-life', needsToken: true }, wishes),
    provider: ({ platform }) => ({
      async fetch({ token, signal, permit }) {
        if (!token) throw noToken();
        const query = { access_token: token.value.reveal(), ...(type !== undefined && { type }) };
        const answer = await platform.call({
          method: 'GET',
          path,
          endpoint: 'ticket',
          query,
          repeatable: true,
          signal,
          permit,
        });
        return fetched(answer, 'ticket');
      },
      // There is no call that takes a ticket.
      probe: async () => ({ works: true }),
    }),
  };
}

/** It has ended since this was planned. */
function noToken(): EdgeError {
  return new EdgeError({
    class: 'passing',
    code: 'no-token',
    message: 'there is no live token to ask for a ticket with',
    effect: 'unsent',
    backoff: PASSING,
  });
}
