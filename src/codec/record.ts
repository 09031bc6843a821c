import * as v from 'valibot';
import { isPlausible, readAnswer, type Token } from '../core/credential.ts';
import { type AccountRecord, type Grant, type Hours, type LastFailure, NO_CALLS } from '../core/record.ts';
import { Secret } from '../core/secret.ts';
import { omit } from '../core/without.ts';
import { parseJson, sha256 } from './encoding.ts';

/** Epoch ms, up to the last that JavaScript can represent as a date. */
const Epoch = v.pipe(v.number(), v.minValue(0), v.maxValue(8.64e15));
/** Far more writes or calls than any daemon makes, and far below the numbers at which counting up goes wrong. */
const Count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1e12));
/**
 * Highest generation that is believed. Every write increments the generation; two writes every two hours since 1970
 * make half a million. A much higher number was not written by this program, and counting on from it would end in
 * records that no daemon can read.
 */
const MOST_WRITES = 1e9;
/** Schema of a generation. */
export const Generation = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MOST_WRITES));
const StoredHours = v.record(v.pipe(v.string(), v.regex(/^\d{1,9}$/)), Count);

/** A message for people. */
const Text = v.pipe(v.string(), v.maxLength(2_000));

/**
 * The version that is written. It goes up when a program of the version before could not read the record any more; a
 * field that may be ignored needs no new version.
 */
export const RECORD_VERSION = 1;

/** What a platform calls an account. It becomes part of paths and keys. */
const ACCOUNT_ID = /^[A-Za-z0-9_-]{4,64}$/;

const Stored = v.object({
  account: v.string(),
  generation: Generation,
  token: v.exactOptional(
    v.object({
      value: v.string(),
      /** SHA-256 of the value, in hex: a value damaged by a bad disk must not be published. */
      sha256: v.string(),
      expiresIn: v.number(),
      issuedAt: Epoch,
      bootTime: v.exactOptional(v.object({ boot: v.pipe(v.string(), v.maxLength(64)), at: Epoch })),
      expiresAt: Epoch,
      generation: Generation,
      platformDate: v.exactOptional(Epoch),
      unwitnessed: v.exactOptional(v.literal(true)),
      replaced: v.exactOptional(v.literal(true)),
    }),
  ),
  intent: v.exactOptional(v.object({ at: Epoch, forced: v.boolean() })),
  ledger: v.object({
    fetches: StoredHours,
    forced: StoredHours,
    lastFetch: v.exactOptional(Epoch),
    lastForced: v.exactOptional(Epoch),
    lastRequested: v.exactOptional(Epoch),
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
        // Absent in records of older versions, whose texts are English alone.
        zh: v.exactOptional(v.object({ message: Text, advice: v.exactOptional(Text) })),
        errcode: v.exactOptional(v.number()),
        rid: v.exactOptional(v.pipe(v.string(), v.maxLength(128))),
        blamesTicket: v.exactOptional(v.literal(true)),
        blamesToken: v.exactOptional(v.picklist(['certainly', 'possibly'])),
        endsAuthorisation: v.exactOptional(v.literal(true)),
      }),
      fingerprint: v.exactOptional(v.pipe(v.string(), v.maxLength(128))),
      at: Epoch,
      until: Epoch,
      failures: Count,
      since: Epoch,
      unauthorised: v.exactOptional(v.object({ generation: Generation, at: Epoch })),
    }),
  ),
  secrets: v.pipe(v.array(v.pipe(v.string(), v.maxLength(128))), v.maxLength(16)),
  grant: v.exactOptional(
    v.object({
      refreshToken: v.string(),
      /** SHA-256 of the refresh token, in hex: a damaged one is looked for again. */
      sha256: v.string(),
      authorisedAt: v.exactOptional(Epoch),
      exchanged: v.exactOptional(v.pipe(v.string(), v.maxLength(64))),
    }),
  ),
  pushStartedAt: v.exactOptional(Epoch),
  listing: v.exactOptional(
    v.object({ at: Epoch, accounts: v.record(v.pipe(v.string(), v.regex(ACCOUNT_ID)), Epoch) }),
  ),
});

/**
 * Turns the record into plain data. It holds the token in the clear, so it may go only where the token itself may go.
 */
export function storedOf(whole: AccountRecord) {
  const { token, lastFailure, grant, ledger } = whole;
  const value = token?.value.reveal() ?? '';
  const refreshToken = grant?.refreshToken.reveal() ?? '';
  return {
    version: RECORD_VERSION,
    ...omit(whole, 'token', 'lastFailure', 'grant'),
    ledger: { ...ledger, fetches: storedHours(ledger.fetches), forced: storedHours(ledger.forced) },
    ...(lastFailure && { setback: lastFailure }),
    ...(token && { token: { ...token, value, sha256: sha256(value) } }),
    ...(grant && { grant: { ...grant, refreshToken, sha256: sha256(refreshToken) } }),
  };
}

function storedHours(hours: Hours): v.InferOutput<typeof StoredHours> {
  return Object.fromEntries(hours.map(({ hour, calls }) => [hour, calls]));
}

function decodeHours(stored: v.InferOutput<typeof StoredHours>): Hours {
  const hours = Object.entries(stored).map(([hour, calls]) => ({ hour: Number(hour), calls }));
  return hours.length === 0 ? NO_CALLS : hours;
}

/** Encodes the record, the token in the clear included, as one line of JSON. */
export function encodeRecord(record: AccountRecord): string {
  return `${JSON.stringify(storedOf(record))}\n`;
}

/**
 * Decodes the record of an account.
 * @throws {LaterRecordError} when a later version of this program wrote the record of the account
 * @throws {Error} saying why this text is not a record of the account, without quoting it: it is garbage, half a
 *   record or a record of another account
 */
export function decodeRecord(text: string, account: string): AccountRecord {
  return recordOf(parseJson(text), account);
}

/** A later version of this program wrote the record: it is whole, and not to be lost when this program writes its own. */
export class LaterRecordError extends Error {
  override readonly name = 'LaterRecordError';
  readonly version: number;

  constructor(version: number) {
    super(
      `written by a later version of this program (record version ${version}; this one reads up to ${RECORD_VERSION})`,
    );
    this.version = version;
  }
}

type Reader = (stored: unknown, account: string) => AccountRecord;

/**
 * Who reads a record of each version. The next version adds its reader here and turns the one before into a step that
 * upgrades: so a record of any version that was ever written is read without a call and with its ledger.
 */
const READERS: ReadonlyMap<number, Reader> = new Map([[RECORD_VERSION, readVersion1]]);

/** As {@link decodeRecord}, from plain data. @throws {Error} for the same reasons */
export function recordOf(stored: unknown, account: string): AccountRecord {
  const { success, output } = v.safeParse(Versioned, stored);
  if (!success) throw unknown(isObject(stored) ? 'version' : 'not an object');
  const reader = READERS.get(output.version);
  if (reader) return reader(stored, account);
  if (output.account !== account) throw new Error('a record of another account');
  throw output.version > RECORD_VERSION ? new LaterRecordError(output.version) : unknown('version');
}

/** What a record of any version has. */
const Versioned = v.object({
  version: v.pipe(v.number(), v.integer(), v.maxValue(1e6)),
  account: v.unknown(),
});

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readVersion1(stored: unknown, account: string): AccountRecord {
  const { issues, output } = v.safeParse(Stored, stored);
  // Report only the top-level key, which the schema knows: deeper keys may contain user data.
  if (issues) throw unknown(v.getDotPath(issues[0])?.split('.')[0] ?? 'not an object');
  if (output.account !== account) throw new Error('a record of another account');
  const { token, setback, grant, ledger } = output;
  const granted = grant && decodeGrant(grant);
  return {
    ...omit(output, 'token', 'setback', 'grant'),
    ledger: { ...ledger, fetches: decodeHours(ledger.fetches), forced: decodeHours(ledger.forced) },
    ...(setback && { lastFailure: { ...setback, failure: translated(setback.failure) } }),
    ...(token && { token: decodeToken(token) }),
    ...(granted && { grant: granted }),
  };
}

type StoredFailure = NonNullable<v.InferOutput<typeof Stored>['setback']>['failure'];

function translated(failure: StoredFailure): LastFailure['failure'] {
  const { message, advice } = failure;
  return { zh: { message, ...(advice !== undefined && { advice }) }, ...failure };
}

/**
 * Decodes what an account has granted. A damaged refresh token is none: the platform lists it, and the rest of the record
 * is whole.
 */
function decodeGrant({
  refreshToken,
  sha256: expected,
  ...rest
}: NonNullable<v.InferOutput<typeof Stored>['grant']>): Grant | undefined {
  if (sha256(refreshToken) !== expected || !isPlausible(refreshToken)) return undefined;
  return { ...rest, refreshToken: new Secret(refreshToken) };
}

/**
 * Decodes the token of a record. A value or lifetime that the platform could not have sent is refused here as well,
 * since it would be published.
 * @throws {Error} when the token is damaged or impossible
 */
function decodeToken(stored: NonNullable<v.InferOutput<typeof Stored>['token']>): Token {
  const { value, sha256: expected, expiresIn } = stored;
  if (sha256(value) !== expected) throw unknown('token');
  try {
    const answer = readAnswer({ access_token: value, expires_in: expiresIn }, 'access_token');
    return { ...omit(stored, 'value', 'sha256', 'expiresIn'), ...answer };
  } catch {
    throw unknown('token');
  }
}

function unknown(what: string): Error {
  return new Error(`not a record of this program (${what})`);
}
