import { EdgeError, PASSING } from '../core/failure.ts';
import type { Policy } from '../core/policy.ts';
import type { Provider } from '../core/ports.ts';
import { repeatingPolicy, type Source, type Terms } from './kind.ts';
import { fetched } from './platform.ts';

/** A kind of ticket: whose it is, how it behaves, and how it is asked for. */
export interface TicketKind {
  /** Whether each app, which is to say each AppSecret, has one of its own; otherwise all of an account share it. */
  readonly perApp: boolean;
  policy(terms: Pick<Terms, 'budget'>): Policy;
  provider(source: Pick<Source, 'platform'>): Provider;
}

/** Each kind of ticket, by the name that the configuration knows. Which types have which, their kinds say. */
const ticketKinds: ReadonlyMap<string, TicketKind> = new Map([
  ['jsapi', ticket({ path: '/cgi-bin/ticket/getticket', type: 'jsapi' })],
  ['wx_card', ticket({ path: '/cgi-bin/ticket/getticket', type: 'wx_card' })],
  // A corp has one ticket for all of its apps, and each app another one of its own.
  ['corp_jsapi', ticket({ path: '/cgi-bin/get_jsapi_ticket' })],
  ['agent_config', ticket({ path: '/cgi-bin/ticket/get', type: 'agent_config', perApp: true })],
]);

/** @throws {TypeError} for a ticket that there is not: the schema of the configuration lets none pass */
export function ticketOf(name: string): TicketKind {
  const kind = ticketKinds.get(name);
  if (!kind) throw new TypeError(`there is no ticket called ${name}`);
  return kind;
}

interface TicketCall {
  readonly path: string;
  readonly type?: string;
  readonly perApp?: boolean;
}

/**
 * A ticket is fetched with a live token and lives on its own. The same one comes back until it ends, and `expires_in`
 * is always its whole life, so how much of it is left only those know who saw it change.
 */
function ticket({ path, type, perApp = false }: TicketCall): TicketKind {
  return {
    perApp,
    policy: (terms) => repeatingPolicy({ repeats: 'with-whole-life', needsToken: true }, terms),
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
