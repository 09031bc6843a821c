import * as v from 'valibot';
import { isPlausible } from '../core/credential.ts';
import type { PushedTicket } from '../core/pushed-ticket.ts';
import { Secret } from '../core/secret.ts';
import { parseJson, sha256 } from './encoding.ts';

/** Epoch ms, up to the last that JavaScript can represent as a date. */
const Epoch = v.pipe(v.number(), v.minValue(0), v.maxValue(8.64e15));

/** The version that is written; see `RECORD_VERSION`. */
const VERSION = 1;

const Stored = v.object({
  version: v.literal(VERSION),
  account: v.string(),
  ticket: v.string(),
  /** SHA-256 of the ticket, in hex. */
  sha256: v.string(),
  createdAt: Epoch,
  receivedAt: Epoch,
});

/** Encodes a pushed ticket, the value in the clear, as one line of JSON. @param account that it was pushed for */
export function encodePushedTicket({ value, createdAt, receivedAt }: PushedTicket, account: string): string {
  const ticket = value.reveal();
  const times = { createdAt, receivedAt };
  return `${JSON.stringify({ version: VERSION, account, ticket, sha256: sha256(ticket), ...times })}\n`;
}

/**
 * Decodes what {@link encodePushedTicket} wrote.
 * @throws {Error} saying why this is not the ticket of the account, without quoting it
 */
export function decodePushedTicket(text: string, account: string): PushedTicket {
  const { success, output } = v.safeParse(Stored, parseJson(text));
  if (!success) throw new Error('not a pushed ticket that this program has kept');
  const { ticket, sha256: expected, createdAt, receivedAt } = output;
  if (output.account !== account) throw new Error('the pushed ticket of another account');
  if (sha256(ticket) !== expected || !isPlausible(ticket)) throw new Error('a damaged ticket');
  return { value: new Secret(ticket), createdAt, receivedAt };
}
