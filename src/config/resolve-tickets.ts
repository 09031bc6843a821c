import type { CredentialType, TicketKind } from '../core/credential.ts';
import type { Context } from './context.ts';
import type { KeyPath } from './key-path.ts';
import type { CredentialSettings } from './schema-credential.ts';

/** What hangs on which token. */
const TICKETS: Readonly<Record<CredentialType, readonly TicketKind[]>> = {
  'stable-token': ['jsapi', 'wx_card'],
  'access-token': ['jsapi', 'wx_card'],
  wecom: ['corp_jsapi', 'agent_config'],
};

/** The tickets of a credential. */
export function resolveTickets(
  { tickets, publish = [] }: CredentialSettings,
  type: CredentialType | undefined,
  at: KeyPath,
  context: Context,
): TicketKind[] {
  const published = new Set(publish.map((target) => target?.of));
  // Of a target that is wrong it is not known what it was to hold.
  const isKnown = publish.every(
    (target, index) => target && !context.isWrong([...at, 'publish', index, 'of']),
  );
  for (const [index, ticket] of tickets.entries()) {
    if (ticket === undefined) continue;
    const here = [...at, 'tickets', index];
    if (type && !TICKETS[type].includes(ticket)) {
      context.complain(here, `${ticket} is not a ticket of ${type}: that has ${TICKETS[type].join(' and ')}`);
    } else if (tickets.indexOf(ticket) < index) {
      context.complain(here, `${ticket} is there twice: once is enough`);
    } else if (isKnown && !published.has(ticket)) {
      context.complain(here, `${ticket} is published nowhere: add an entry with of: ${ticket} to publish`);
    }
  }
  return tickets.filter((ticket) => ticket !== undefined);
}
