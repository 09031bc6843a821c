import * as v from 'valibot';
import { readAnswer, type Token } from '../core/credential.ts';
import type { AccountRecord } from '../core/record.ts';
import { parseJson, sha256 } from './encoding.ts';

/** Epoch ms, up to the last that is a date. */
const Epoch = v.pipe(v.number(), v.minValue(0), v.maxValue(8.64e15));
/** Far more than any daemon writes or asks, and far from where counting on goes wrong. */
const Count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1e12));
/**
 * Every write counts one up. Two in two hours since 1970 are half a million: what is far beyond was not written by us, and
 * going on from there would end in records that nobody can read.
 */
const MOST_WRITES = 1e9;
export const Generation = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MOST_WRITES));
const Hours = v.record(v.pipe(v.string(), v.regex(/^\d{1,9}$/)), Count);

/** For people. */
const Text = v.pipe(v.string(), v.maxLength(2_000));

const Stored = v.object({
  version: v.literal(1),
  account: v.string(),
  generation: Generation,
  token: v.exactOptional(
    v.object({
      value: v.string(),
      /** Of the value, in hex: a bit that fell over on a bad disk must not be published. */
      sha256: v.string(),
      expiresIn: v.number(),
      issuedAt: Epoch,
      bootTime: v.exactOptional(v.object({ boot: v.pipe(v.string(), v.maxLength(64)), at: Epoch })),
      expiresAt: Epoch,
      generation: Generation,
      platformDate: v.exactOptional(Epoch),
      unwitnessed: v.exactOptional(v.literal(true)),
    }),
  ),
  intent: v.exactOptional(v.object({ at: Epoch, forced: v.boolean() })),
  ledger: v.object({
    fetches: Hours,
    forced: Hours,
    lastFetch: v.exactOptional(Epoch),
    lastForced: v.exactOptional(Epoch),
    since: Epoch,
  }),
  /** The last failure. */
  setback: v.exactOptional(
    v.object({
      failure: v.object({
        class: v.picklist(['passing', 'frequency', 'quota', 'refused', 'confirmation']),
        code: v.pipe(v.string(), v.maxLength(64)),
        message: Text,
        advice: v.exactOptional(Text),
        errcode: v.exactOptional(v.number()),
        rid: v.exactOptional(v.pipe(v.string(), v.maxLength(128))),
      }),
      fingerprint: v.exactOptional(v.pipe(v.string(), v.maxLength(128))),
      at: Epoch,
      until: Epoch,
      failures: Count,
      since: Epoch,
    }),
  ),
  secrets: v.pipe(v.array(v.pipe(v.string(), v.maxLength(128))), v.maxLength(16)),
});

/** The record as plain data: it holds the token in the clear, so it goes only where the token itself may go. */
export function storedOf({ token, lastFailure, ...record }: AccountRecord) {
  const value = token?.value.reveal() ?? '';
  return {
    version: 1,
    ...record,
    ...(lastFailure && { setback: lastFailure }),
    ...(token && { token: { ...token, value, sha256: sha256(value) } }),
  };
}

/** The record as text. */
export function encodeRecord(record: AccountRecord): string {
  return `${JSON.stringify(storedOf(record))}\n`;
}

/**
 * @throws {Error} saying why this text is no record of the account, without quoting it: garbage, half a record,
 *   one of another account or of a later version
 */
export function decodeRecord(text: string, account: string): AccountRecord {
  return recordOf(parseJson(text), account);
}

/** The same of plain data. @throws {Error} */
export function recordOf(stored: unknown, account: string): AccountRecord {
  const { issues, output } = v.safeParse(Stored, stored);
  // Of the path the first key alone, which is one of ours: the keys below it are content.
  if (issues) throw unknown(v.getDotPath(issues[0])?.split('.')[0] ?? 'not an object');
  if (output.account !== account) throw new Error('a record of another account');
  const { version: _known, token, setback, ...record } = output;
  return {
    ...record,
    ...(setback && { lastFailure: setback }),
    ...(token && { token: decodeToken(token) }),
  };
}

/** What the platform may not say is not believed of a file either: it would be published. */
function decodeToken(stored: NonNullable<v.InferOutput<typeof Stored>['token']>): Token {
  const { value, sha256: expected, ...rest } = stored;
  if (sha256(value) !== expected) throw unknown('token');
  try {
    return { ...rest, ...readAnswer({ access_token: value, expires_in: rest.expiresIn }, 'access_token') };
  } catch {
    throw unknown('token');
  }
}

function unknown(what: string): Error {
  return new Error(`not a record of this program (${what})`);
}
