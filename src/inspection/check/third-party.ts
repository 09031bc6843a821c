import type { FetchedConfig } from '../../config/config.ts';
import { ticketFile } from '../../coordination/folder/ticket-file.ts';
import type { Fact, Findings } from '../../core/findings.ts';
import type { Clock } from '../../core/ports.ts';
import { pushStanding, ticketAge } from '../../core/state/pushed.ts';
import { inWords } from '../../observability/log/duration.ts';
import { kindOf, policyOf } from '../../providers/index.ts';

/** Describes what a third party, or an account of one, hangs on: the other credential, and the pushed ticket. */
export async function inspectThirdParty(credential: FetchedConfig, clock: Clock): Promise<Findings> {
  const { via, type } = credential;
  const facts: Fact[] = via ? [['via', `${via.name} (${via.appId})`]] : [];
  const found = await inspectTicket(credential, clock);
  const refreshToken: Fact[] =
    kindOf(type).secretless === true
      ? [['secret', 'none: the refresh token is found in the list of the platform, and kept in the record']]
      : [];
  return { facts: [...facts, ...refreshToken, ...found.facts], warnings: found.warnings };
}

async function inspectTicket(credential: FetchedConfig, clock: Clock): Promise<Findings> {
  const path = credential.ticket?.file;
  const { pushed } = kindOf(credential.type);
  if (path === undefined || !pushed) return { facts: [], warnings: [] };
  const warnings: string[] = [];
  const { shape } = pushed;
  const file = ticketFile(path, { clock, warn: (line) => warnings.push(line), ...(shape && { shape }) });
  const ticket = await file.read();
  if (!ticket) {
    const none = `${path}: no ticket yet; the app that is pushed the ${pushed.name} leaves it there`;
    return { facts: [['ticket', none]], warnings };
  }
  const state = { ticket };
  const now = clock.now();
  const age = inWords(ticketAge(state, now) ?? 0);
  if (pushStanding(state, policyOf(credential), now) !== 'flowing')
    warnings.push(
      `the ticket in ${path} is ${age} old: pushes come every 10 minutes, so they do not arrive there`,
    );
  return { facts: [['ticket', `${path}: pushed ${age} ago`]], warnings };
}
