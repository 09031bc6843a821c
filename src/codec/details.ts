import * as v from 'valibot';
import { type Kind, readAnswer, type Token } from '../core/credential.ts';
import { Secret } from '../core/secret.ts';
import { SECOND } from '../core/time.ts';
import { epochSeconds, fromBase64, parseJson, sha256 } from './encoding.ts';
import { Generation } from './record.ts';

/** The owner of a token or ticket, as its details name it beside the value. */
export interface Subject {
  readonly name: string;
  /** Type of the credential. */
  readonly type: string;
  readonly appId: string;
  readonly kind: Kind;
  /**
   * The account whose record the token is kept in: platform, type, appid, for WeCom also the app. Absent for a mirror,
   * which knows only what its source says.
   */
  readonly account?: string;
}

/** Details of a token or ticket, decoded. */
export interface Details {
  /** Its generation is 0 if the details state none, as those of a file. */
  readonly token: Token;
  readonly appId: string;
  /** The account, where the details tell it: an older version wrote none. */
  readonly account?: string;
  /** Type of the credential if it is a token, otherwise the kind of the ticket. */
  readonly type: string;
}

/**
 * Makes the content of `NAME.json`, which is the same in every target. Times are epoch seconds. `type` is the
 * credential's type for a token and the kind for a ticket: readers of several tickets can tell them apart by nothing
 * else, and the platform's own parameter is `type=jsapi` too.
 * @returns a plain object that holds the value in the clear
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
    ...(subject.account !== undefined && { account: subject.account }),
  };
}

/** The `type` that the details state: the credential's type for a token, the kind for a ticket. */
export function typeOf({ type, kind }: Pick<Subject, 'type' | 'kind'>): string {
  return kind === 'token' ? type : kind;
}

/**
 * Encodes the details for a place that several daemons write, as one line of JSON. Beside {@link detailsOf} it has the
 * generation and the platform's time, which decide which of two tokens is the newer, and the SHA-256 of the value.
 * Readers may report this hash instead of the value, and it proves that the value is whole.
 */
export function encodeEntry(token: Token, subject: Subject): string {
  return `${JSON.stringify(entryOf(token, subject))}\n`;
}

/** What {@link encodeEntry} encodes, for a place whose reader wants further fields beside it. */
export function entryOf(token: Token, subject: Subject) {
  const { generation, platformDate } = token;
  return {
    ...detailsOf(token, subject),
    kind: subject.kind,
    generation,
    ...(platformDate !== undefined && { platform_date: epochSeconds(platformDate) }),
    fingerprint: sha256(token.value.reveal()),
  };
}

/** Epoch seconds, up to the last that JavaScript can represent as a date. */
const Epoch = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(8.64e12));

const details = {
  type: v.pipe(v.string(), v.maxLength(64)),
  app_id: v.pipe(v.string(), v.maxLength(128)),
  access_token: v.exactOptional(v.string()),
  ticket: v.exactOptional(v.string()),
  expires_in: v.number(),
  issued_at: Epoch,
  expires_at: Epoch,
  account: v.exactOptional(v.pipe(v.string(), v.maxLength(256))),
};

const StoredDetails = v.object(details);

const StoredEntry = v.object({
  ...details,
  generation: Generation,
  platform_date: v.exactOptional(Epoch),
  fingerprint: v.string(),
});

/**
 * Decodes the details of a published file.
 * @throws {Error} saying why these are not the details of a credential, without quoting them
 */
export function decodeDetails(text: string): Details {
  const { success, output } = v.safeParse(StoredDetails, parseJson(text));
  if (!success) throw new Error('not the details of a credential');
  return read(output, 0);
}

/**
 * Decodes what {@link encodeEntry} wrote. The result decides which token is published, so it is refused if the platform
 * could not have said it, or if its value is not the one that was written.
 * @throws {Error} saying why this is not an entry of a credential, without quoting it
 */
export function decodeEntry(text: string): Details {
  const { success, output } = v.safeParse(StoredEntry, parseJson(text));
  if (!success) throw new Error('not the details of a credential');
  const { generation, platform_date: date, fingerprint } = output;
  if (sha256(valueIn(output)) !== fingerprint) throw new Error('its value is not the one that was written');
  const details = read(output, generation);
  const { token } = details;
  return { ...details, token: { ...token, ...(date !== undefined && { platformDate: date * SECOND }) } };
}

type Stored = v.InferOutput<typeof StoredDetails>;

const valueIn = ({ access_token, ticket }: Stored) => access_token ?? ticket ?? '';

function read(stored: Stored, generation: number): Details {
  const { type, app_id: appId, account, expires_in, issued_at, expires_at } = stored;
  try {
    const answer = readAnswer({ access_token: valueIn(stored), expires_in }, 'access_token');
    // The daemon may have corrected the expiry to an earlier time, never to a later one.
    const end = Math.min(expires_at, issued_at + answer.expiresIn + 1);
    const token = { ...answer, issuedAt: issued_at * SECOND, expiresAt: end * SECOND, generation };
    return { token, appId, type, ...(account !== undefined && { account }) };
  } catch {
    throw new Error('its value, or its life, cannot be that of a credential');
  }
}

/**
 * Whether a value of a Secret holds the details of this token. Details that another version of this program wrote count
 * as well.
 * @param base64 the value as the API server has it; undefined when the key is absent
 */
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

/** Characters of a token for which WeChat's pages ask readers to reserve space. */
const LONGEST_VALUE = 512;

/** A token with details of the greatest length: tells how much space they may take. */
export const LARGEST_TOKEN: Token = {
  value: new Secret('x'.repeat(LONGEST_VALUE)),
  expiresIn: 7200,
  issuedAt: 4e12,
  expiresAt: 4e12,
  generation: 1e9,
  platformDate: 4e12,
};
