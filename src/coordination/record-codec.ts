import * as v from 'valibot';
import type { AccountRecord } from '../core/record.ts';
import { Secret } from '../core/secret.ts';

const Epoch = v.pipe(v.number(), v.finite(), v.minValue(0));
const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const Hours = v.record(v.pipe(v.string(), v.regex(/^\d{1,9}$/)), Count);

const Stored = v.object({
  version: v.literal(1),
  account: v.string(),
  generation: Count,
  token: v.optional(
    v.object({
      value: v.pipe(v.string(), v.minLength(16), v.maxLength(4096)),
      expiresIn: v.pipe(v.number(), v.finite(), v.minValue(0)),
      issuedAt: Epoch,
      expiresAt: Epoch,
      generation: Count,
      platformDate: v.optional(Epoch),
    }),
  ),
  intent: v.optional(v.object({ at: Epoch, forced: v.boolean() })),
  ledger: v.object({
    fetches: Hours,
    forced: Hours,
    lastFetch: v.optional(Epoch),
    lastForced: v.optional(Epoch),
    since: Epoch,
  }),
  secrets: v.pipe(v.array(v.pipe(v.string(), v.maxLength(128))), v.maxLength(16)),
});

/** The record as text: it holds the token in the clear, so it goes only where the token itself may go. */
export function encodeRecord({ token, ...record }: AccountRecord): string {
  const stored = {
    version: 1,
    ...record,
    ...(token && { token: { ...token, value: token.value.reveal() } }),
  };
  return `${JSON.stringify(stored)}\n`;
}

/**
 * @throws {Error} saying why this text is no record of the account, without quoting it: garbage, half a record,
 *   one of another account or of a later version
 */
export function decodeRecord(text: string, account: string): AccountRecord {
  const { issues, output } = v.safeParse(Stored, parseJson(text));
  if (issues) throw new Error(`not a record of this program (${v.getDotPath(issues[0]) ?? 'not an object'})`);
  if (output.account !== account)
    throw new Error(`a record of another account (${JSON.stringify(output.account)})`);
  const { version: _known, token, intent, ...record } = output;
  const { fetches, forced, since, lastFetch, lastForced } = record.ledger;
  return {
    ...record,
    ledger: { fetches, forced, since, ...(lastFetch && { lastFetch }), ...(lastForced && { lastForced }) },
    ...(token && { token: decodeToken(token) }),
    ...(intent && { intent }),
  };
}

function decodeToken({ value, platformDate, ...times }: NonNullable<v.InferOutput<typeof Stored>['token']>) {
  return { ...times, value: new Secret(value), ...(platformDate && { platformDate }) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('not JSON');
  }
}
