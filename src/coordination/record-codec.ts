import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { readAnswer, type Token } from '../core/credential.ts';
import type { AccountRecord } from '../core/record.ts';

/** Epoch ms, up to the last that is a date. */
const Epoch = v.pipe(v.number(), v.minValue(0), v.maxValue(8.64e15));
/** Far more than any daemon writes or asks, and far from where counting on goes wrong. */
const Count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1e12));
const Hours = v.record(v.pipe(v.string(), v.regex(/^\d{1,9}$/)), Count);

const Stored = v.object({
  version: v.literal(1),
  account: v.string(),
  generation: Count,
  token: v.optional(
    v.object({
      value: v.string(),
      /** Of the value, in hex: a bit that fell over on a bad disk must not be published. */
      sha256: v.string(),
      expiresIn: v.number(),
      issuedAt: Epoch,
      bootTime: v.optional(v.object({ boot: v.pipe(v.string(), v.maxLength(64)), at: Epoch })),
      expiresAt: Epoch,
      generation: Count,
      platformDate: v.optional(Epoch),
      unwitnessed: v.optional(v.literal(true)),
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
    ...(token && { token: { ...token, value: token.value.reveal(), sha256: sha256(token.value.reveal()) } }),
  };
  return `${JSON.stringify(stored)}\n`;
}

/**
 * @throws {Error} saying why this text is no record of the account, without quoting it: garbage, half a record,
 *   one of another account or of a later version
 */
export function decodeRecord(text: string, account: string): AccountRecord {
  const { issues, output } = v.safeParse(Stored, parseJson(text));
  // Of the path the first key alone, which is one of ours: the keys below it are content.
  if (issues) throw unknown(v.getDotPath(issues[0])?.split('.')[0] ?? 'not an object');
  if (output.account !== account) throw new Error('a record of another account');
  const { version: _known, token, intent, ...record } = output;
  const { fetches, forced, since, lastFetch, lastForced } = record.ledger;
  return {
    ...record,
    ledger: { fetches, forced, since, ...(lastFetch && { lastFetch }), ...(lastForced && { lastForced }) },
    ...(token && { token: decodeToken(token) }),
    ...(intent && { intent }),
  };
}

/** What the platform may not say is not believed of a file either: it would be published. */
function decodeToken(stored: NonNullable<v.InferOutput<typeof Stored>['token']>): Token {
  const { value, sha256: expected, platformDate, bootTime, unwitnessed, ...times } = stored;
  if (sha256(value) !== expected) throw unknown('token');
  try {
    return {
      ...times,
      ...readAnswer({ access_token: value, expires_in: times.expiresIn }, 'access_token'),
      ...(platformDate && { platformDate }),
      ...(bootTime && { bootTime }),
      ...(unwitnessed && { unwitnessed }),
    };
  } catch {
    throw unknown('token');
  }
}

function sha256(value: string): string {
  return createHash('sha256').update(value).digest('hex');
}

function unknown(what: string): Error {
  return new Error(`not a record of this program (${what})`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('not JSON');
  }
}
