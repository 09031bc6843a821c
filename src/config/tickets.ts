import type { CredentialType, TicketKind } from '../core/credential.ts';

/** What hangs on which token. */
const TICKETS: Readonly<Record<CredentialType, readonly TicketKind[]>> = {
  'stable-token': ['jsapi', 'wx_card'],
  'access-token': ['jsapi', 'wx_card'],
  wecom: ['corp_jsapi', 'agent_config'],
};

/** Those that cannot be fetched with a token of this type. */
export function foreignTickets(tickets: readonly TicketKind[], type: CredentialType): TicketKind[] {
  return tickets.filter((ticket) => !TICKETS[type].includes(ticket));
}
