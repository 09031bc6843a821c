import * as v from 'valibot';
import { type Kind, readAnswer, type Token } from '../core/credential.ts';
import { Secret } from '../core/secret.ts';
import { SECOND } from '../core/time.ts';
import { epochSeconds, fromBase64, parseJson, sha256 } from './encoding.ts';
import { Generation } from './record.ts';

/** Whose token or ticket it is: what the details say beside the value. */
export interface Subject {
  readonly name: string;
  /** Of the credential. */
  readonly type: string;
  readonly appId: string;
  readonly kind: Kind;
}

/** The details of a credential as they were read. */
export interface Details {
  /** Of details without a generation, those of a file, it is 0. */
  readonly token: Token;
  readonly appId: string;
  /** Of the credential, or the kind of the ticket. */
  readonly type: string;
}

/**
 * What `NAME.json` says, in every place that holds one. Times are epoch seconds. `type` says what one has: of a token
 * the credential's type, of a ticket its kind, since readers of several tickets tell them apart by nothing else (and
 * the platform's own parameter is `type=jsapi` too).
 */
export function detailsOf(token: Token, subject: Subject) {
  const value = token.value.reveal();
  return {
    name: subject.name,
    type: typeOf(subject),
    app_id: subject.appId,
    ...(subject.kind === 'token' ? { access_token: value } : { ticket: value }),
    expires_in: token.expiresIn,
    issued_at: epochSeconds(token.issuedAt),
    expires_at: epochSeconds(token.expiresAt),
  };
}

/** What the details call the type of a token or ticket. */
export function typeOf({ type, kind }: Pick<Subject, 'type' | 'kind'>): string {
  return kind === 'token' ? type : kind;
}

/**
 * The details in a place that several daemons write: with what tells which of two tokens is the newer, and the SHA-256
 * of the value, which readers may report instead of the value and which proves that the value is whole.
 */
export function encodeEntry(token: Token, subject: Subject): string {
  const { generation, platformDate } = token;
  const entry = {
    ...detailsOf(token, subject),
    kind: subject.kind,
    generation,
    ...(platformDate !== undefined && { platform_date: epochSeconds(platformDate) }),
    fingerprint: sha256(token.value.reveal()),
  };
  return `${JSON.stringify(entry)}\n`;
}

/** Epoch seconds, up to the last that is a date. */
const Epoch = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(8.64e12));

const details = {
  type: v.pipe(v.string(), v.maxLength(64)),
  app_id: v.pipe(v.string(), v.maxLength(128)),
  access_token: v.exactOptional(v.string()),
  ticket: v.exactOptional(v.string()),
  expires_in: v.number(),
  issued_at: Epoch,
  expires_at: Epoch,
};

const StoredDetails = v.object(details);

const StoredEntry = v.object({
  ...details,
  generation: Generation,
  platform_date: v.exactOptional(Epoch),
  fingerprint: v.string(),
});

/**
 * Reads the details of a published file.
 * @throws {Error} saying why these are no details of a credential, without quoting them
 */
export function decodeDetails(text: string): Details {
  const { success, output } = v.safeParse(StoredDetails, parseJson(text));
  if (!success) throw new Error('not the details of a credential');
  return read(output, 0);
}

/**
 * Reads what {@link encodeEntry} wrote. What is read here decides which token is published, so nothing is believed that
 * the platform could not have said, and no value that is not the one that was written.
 * @throws {Error} saying why this is no entry of a credential, without quoting it
 */
export function decodeEntry(text: string): Details {
  const { success, output } = v.safeParse(StoredEntry, parseJson(text));
  if (!success) throw new Error('not the details of a credential');
  const { generation, platform_date: date, fingerprint } = output;
  if (sha256(valueIn(output)) !== fingerprint) throw new Error('its value is not the one that was written');
  const { token, ...rest } = read(output, generation);
  return { ...rest, token: { ...token, ...(date !== undefined && { platformDate: date * SECOND }) } };
}

type Stored = v.InferOutput<typeof StoredDetails>;

const valueIn = ({ access_token, ticket }: Stored) => access_token ?? ticket ?? '';

function read(stored: Stored, generation: number): Details {
  const { type, app_id: appId, expires_in, issued_at, expires_at } = stored;
  try {
    const answer = readAnswer({ access_token: valueIn(stored), expires_in }, 'access_token');
    // An end that was corrected lies before the first one, never after it.
    const end = Math.min(expires_at, issued_at + answer.expiresIn + 1);
    const token = { ...answer, issuedAt: issued_at * SECOND, expiresAt: end * SECOND, generation };
    return { token, appId, type };
  } catch {
    throw new Error('its value, or its life, cannot be that of a credential');
  }
}

/** Whether what a Secret keeps of a token, in base64, are its details; those of another version of us count as well. */
export function isEntryOf(
  base64: string | undefined,
  { value, generation }: Token,
  { appId }: Subject,
): boolean {
  try {
    const entry = decodeEntry(fromBase64(base64 ?? ''));
    const { token } = entry;
    return token.value.equals(value) && token.generation === generation && entry.appId === appId;
  } catch {
    return false;
  }
}

/** Characters of a token: WeChat's pages ask for room for so many. */
const LONGEST_VALUE = 512;

/** A token whose details are as long as they get: to know how much room they take. */
export const LARGEST_TOKEN: Token = {
  value: new Secret('x'.repeat(LONGEST_VALUE)),
  expiresIn: 7200,
  issuedAt: 4e12,
  expiresAt: 4e12,
  generation: 1e9,
  platformDate: 4e12,
};
