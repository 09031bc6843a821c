import { EdgeError, PASSING } from '../core/failure.ts';
import type { Policy } from '../core/policy.ts';
import { type Calls, repeatingPolicy, type Source, type Terms } from './kind.ts';
import { fetched } from './platform.ts';

/**
 * A kind of ticket: who shares it, how the loop treats it, and how it is fetched. See docs/wechat-facts.md, Tickets.
 */
export interface TicketKind {
  /** Whether each app, that is, each AppSecret, has its own ticket; otherwise all apps of an account share one. */
  readonly perApp: boolean;
  policy(terms: Pick<Terms, 'budget'>): Policy;
  readonly calls: Calls<Pick<Source, 'platform'>>;
}

/** Each kind of ticket, by its name in the configuration. The kinds of credentials say which tickets they have. */
const ticketKinds: ReadonlyMap<string, TicketKind> = new Map([
  ['jsapi', ticket({ path: '/cgi-bin/ticket/getticket', type: 'jsapi' })],
  ['wx_card', ticket({ path: '/cgi-bin/ticket/getticket', type: 'wx_card' })],
  // A corp has one ticket for all of its apps, and each app has another one of its own.
  ['corp_jsapi', ticket({ path: '/cgi-bin/get_jsapi_ticket' })],
  ['agent_config', ticket({ path: '/cgi-bin/ticket/get', type: 'agent_config', perApp: true })],
]);

/**
 * Returns the kind of a ticket.
 * @throws {TypeError} for an unknown ticket, which the schema of the configuration rejects
 */
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
 * Creates a kind of ticket. A ticket is fetched with a live token and has a life of its own. The platform returns the
 * same ticket until it expires, and `expires_in` is always its whole life; so only a daemon that saw the ticket
 * change knows how much of that life is left. See docs/wechat-facts.md, Tickets.
 */
function ticket({ path, type, perApp = false }: TicketCall): TicketKind {
  return {
    perApp,
    policy: (terms) => repeatingPolicy({ repeats: 'with-whole-life', needsToken: true }, terms),
    calls: {
      async fetch({ platform }, { token, signal, permit }) {
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
      // WeChat has no call that checks a ticket (docs/wechat-facts.md, Tickets).
      probe: async () => ({ works: true }),
    },
  };
}

/** The token has expired since the fetch was planned. */
function noToken(): EdgeError {
  return new EdgeError({
    class: 'passing',
    code: 'no-token',
    message: {
      en: 'there is no live token to ask for a ticket with',
      zh: '没有有效的 token，无法获取票据',
    },
    effect: 'unsent',
    backoff: PASSING,
  });
}
