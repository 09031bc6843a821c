import type { Policy } from '../../src/core/policy.ts';
import type { CredentialKind } from '../../src/providers/kind.ts';
import { kindOf } from '../../src/providers/kinds.ts';
import { ticketOf } from '../../src/providers/tickets.ts';

/** The types of credentials and tickets that tests are written for. */
export type CredentialType =
  | 'stable-token'
  | 'access-token'
  | 'wecom'
  | 'component'
  | 'authorizer'
  | 'wecom-provider'
  | 'wecom-suite'
  | 'wecom-corp'
  | 'qq-bot';
export type TicketType = 'jsapi' | 'wx_card' | 'corp_jsapi' | 'agent_config';

const TICKETS: readonly string[] = ['jsapi', 'wx_card', 'corp_jsapi', 'agent_config'];

const isTicket = (type: CredentialType | TicketType): type is TicketType => TICKETS.includes(type);

const BUDGET = { fetchesPerDay: 2000, forcedPerDay: 20 };

export interface Chosen extends Partial<Parameters<CredentialKind['policy']>[1]> {
  /** Values of the keys that the type alone has; the defaults of the configuration stand in for the rest. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/** How the loop treats a credential, or a ticket, of which the owner has said no more than this. */
export function policyFor(
  type: CredentialType | TicketType,
  { options = {}, budget = BUDGET, coordinated = true }: Chosen = {},
): Policy {
  if (isTicket(type)) return ticketOf(type).policy({ budget });
  return kindOf(type).policy({ allowForce: false, ...options }, { budget, coordinated });
}
