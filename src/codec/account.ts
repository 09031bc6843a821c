import type { Kind } from '../core/credential.ts';

/** Names the account of a token: records, locks and ledgers belong to it. */
export function tokenAccount(platform: string, type: string, id: string): string {
  return `${platform}/${type}/${id}`;
}

/**
 * Names the account of a ticket.
 * @param owner the id of the account, with the app where each app has a ticket of its own
 */
export function ticketAccount(platform: string, owner: string, kind: Kind): string {
  return `${platform}/ticket/${owner}/${kind}`;
}
