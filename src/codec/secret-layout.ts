import type { Kind } from '../core/credential.ts';
import { type AccountRecord, emptyRecord } from '../core/record.ts';
import { decodeEntry, encodeEntry, type Subject, typeOf } from './details.ts';
import { fromBase64, parseJson, toBase64 } from './encoding.ts';
import { LaterRecordError, recordOf, storedOf } from './record.ts';

/** The keys under which a Secret keeps one token or ticket. */
export interface Keys {
  /** Key of `data` that holds the value and nothing else. */
  readonly value: string;
  /** Key of `data` that holds the details. */
  readonly entry: string;
  /** Key of `data` that holds the refresh token of an account that has authorised a third party. */
  readonly grant: string;
  /** Key of `data` that holds the list of a third party's accounts, which an annotation is too small for. */
  readonly listing: string;
  /** Key of `data` that holds the newest ticket that the platform has pushed; see `pushed-ticket.ts`. */
  readonly pushed: string;
  /** Key of `data` that holds the authorisation codes that are pushed to a third party; see `pushed-codes.ts`. */
  readonly codes: string;
  /** Key of `data` that holds the permanent codes of corps that have installed a suite; see `permanent-codes.ts`. */
  readonly permanentCodes: string;
  /** Annotation that holds the rest of the record. */
  readonly record: string;
  /** Annotation in which followers leave a request for the daemon that fetches. */
  readonly request: string;
}

/** What a Secret holds of one token or ticket; all but `record` in base64, as the API server has them. */
export interface Part {
  readonly grant?: string;
  readonly listing?: string;
  readonly value?: string;
  readonly entry?: string;
  readonly record?: string;
}

/** The part of a Secret that this layout uses. */
export interface SecretContent {
  readonly data?: Readonly<Record<string, string>>;
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
}

/** The key of `data` that holds the details of the value under `key`. */
export function detailsKeyOf(key: string): string {
  return `${key}.json`;
}

/** The keys of a token or ticket. They never collide with those of another, since no credential name contains a dot. */
export function keysOf(name: string, kind: Kind): Keys {
  const prefix = kind.replaceAll('_', '-');
  const [key, request] = kind === 'token' ? [name, 'request'] : [`${name}.${kind}`, `request.${prefix}`];
  return {
    value: key,
    entry: detailsKeyOf(key),
    grant: `${key}.grant`,
    listing: `${key}.listing`,
    pushed: `${key}.pushed`,
    codes: `${key}.codes`,
    permanentCodes: `${key}.permanent-codes`,
    record: `${prefix}.wx-token-sidecar/${name}`,
    request: `${request}.wx-token-sidecar/${name}`,
  };
}

/** The account of a mirrored credential. It is named after its place, since the mirror knows nothing else about it. */
export function mirrorAccount(
  { namespace = '', name }: { readonly namespace?: string | undefined; readonly name: string },
  credential: string,
  kind: Kind,
): string {
  const ticket = kind === 'token' ? '' : `/${kind}`;
  return `mirror/${namespace}/${name}/${credential}${ticket}`;
}

/** Extracts what the Secret holds under these keys. */
export function partOf({ data = {}, metadata: { annotations = {} } }: SecretContent, keys: Keys): Part {
  const [value, entry, record] = [data[keys.value], data[keys.entry], annotations[keys.record]];
  const [grant, listing] = [data[keys.grant], data[keys.listing]];
  return {
    ...(grant !== undefined && { grant }),
    ...(listing !== undefined && { listing }),
    ...(value !== undefined && { value }),
    ...(entry !== undefined && { entry }),
    ...(record !== undefined && { record }),
  };
}

/** Whether two parts hold the same value, details and record. */
export function isSamePart(a: Part, b: Part): boolean {
  const parts = ['value', 'entry', 'record', 'grant', 'listing'] as const;
  return parts.every((part) => a[part] === b[part]);
}

/**
 * Makes the merge patch after which the Secret holds `wanted`. A record that is written before a fetch changes only an
 * annotation.
 */
export function patchOf(wanted: Part, before: Part, keys: Keys) {
  const data = {
    ...(wanted.value !== undefined && wanted.value !== before.value && { [keys.value]: wanted.value }),
    ...(wanted.entry !== undefined && wanted.entry !== before.entry && { [keys.entry]: wanted.entry }),
    ...(wanted.grant !== undefined && wanted.grant !== before.grant && { [keys.grant]: wanted.grant }),
    ...(wanted.listing !== undefined &&
      wanted.listing !== before.listing && { [keys.listing]: wanted.listing }),
  };
  const annotations = wanted.record === undefined ? {} : { [keys.record]: wanted.record };
  return { metadata: { annotations }, ...(Object.keys(data).length > 0 && { data }) };
}

/** Makes the merge patch after which the Secret holds nothing of a token or ticket. */
export function removalOf({ data = {}, metadata: { annotations = {} } }: SecretContent, keys: Keys) {
  const { value, entry, grant, listing, pushed, codes, record, request } = keys;
  const without = (names: readonly string[], held: Readonly<Record<string, string>>) =>
    Object.fromEntries(names.filter((name) => Object.hasOwn(held, name)).map((name) => [name, null]));
  return {
    metadata: { annotations: without([record, request], annotations) },
    data: without([value, entry, grant, listing, pushed, codes], data),
  };
}

/** Most bytes of one record in an annotation. A longer record has a long error message, which is then shortened. */
export const LARGEST_RECORD = 2048;

/**
 * Encodes a record for a Secret. Without a token the result has no `value` and no `entry`, so `data` stays as it is.
 */
export function encodePart(record: AccountRecord, subject: Subject): Part {
  const { token, grant, listing } = record;
  const bare = JSON.stringify(withoutValue(record));
  const fits = (text: string) => Buffer.byteLength(text) <= LARGEST_RECORD;
  const whole = fits(bare) ? bare : JSON.stringify(untranslated(record));
  return {
    record: fits(whole) ? whole : JSON.stringify(untranslated(brief(record))),
    ...(grant && { grant: toBase64(grant.refreshToken.reveal()) }),
    ...(listing && { listing: toBase64(JSON.stringify(listing)) }),
    ...(token && { value: toBase64(token.value.reveal()), entry: toBase64(encodeEntry(token, subject)) }),
  };
}

/**
 * Decodes the record of an account from a Secret.
 * @returns undefined when there is no record
 * @throws {Error} saying why this is not a record of the account, without quoting it
 */
export function decodePart(
  { value, grant: kept, listing, record }: Part,
  account: string,
): AccountRecord | undefined {
  if (record === undefined) return undefined;
  const stored = parseJson(record);
  const { token, grant } = (stored ?? {}) as { readonly token?: object; readonly grant?: object };
  if (!token && !grant && listing === undefined) return recordOf(stored, account);
  const whole = {
    ...(stored as object),
    ...(token && { token: { ...token, value: fromBase64(value ?? '') } }),
    ...(grant && { grant: { ...grant, refreshToken: fromBase64(kept ?? '') } }),
    ...(listing !== undefined && { listing: parseJson(fromBase64(listing)) }),
  };
  return recordOf(whole, account);
}

/** The later version of this program that wrote the record; undefined when this program can read it, or nobody can. */
export function laterVersionOf(part: Part, account: string): number | undefined {
  try {
    decodePart(part, account);
    return undefined;
  } catch (error) {
    return error instanceof LaterRecordError ? error.version : undefined;
  }
}

/**
 * The token that the details beside a record hold, as a record without a past: what is published is evidence where the
 * record is of a later version. Its generation goes on from there.
 * @returns undefined where the details are not those of this credential, or not of the value beside them
 */
export function recordOfEntry(
  { value, entry }: Part,
  account: string,
  subject: Subject,
): AccountRecord | undefined {
  try {
    const { token, appId, type, account: theirs = account } = decodeEntry(fromBase64(entry ?? ''));
    // Details without an account are of an older version; the record beside them names it.
    const isOurs = appId === subject.appId && type === typeOf(subject) && theirs === account;
    if (!isOurs || token.value.reveal() !== fromBase64(value ?? '')) return undefined;
    return { ...emptyRecord(account, token.issuedAt), generation: token.generation, token };
  } catch {
    return undefined;
  }
}

/** Most bytes that the annotations of an object may have, with some left for requests. */
const MOST_ANNOTATIONS = 224 * 1024;

/** Annotation in which a record of a later version is kept before this program replaces it. */
export function keptKeyOf({ record }: Pick<Keys, 'record'>, version: number): string {
  return `version-${version}.${record}`;
}

/** Whether an object has room for one more annotation: an API server accepts 256 KiB of them together. */
export function hasRoomFor(
  { metadata: { annotations = {} } }: SecretContent,
  key: string,
  text: string,
): boolean {
  const others = Object.entries(annotations).filter(([name]) => name !== key);
  const bytes = [...others, [key, text]].reduce((sum, pair) => sum + Buffer.byteLength(pair.join('')), 0);
  return bytes <= MOST_ANNOTATIONS;
}

/**
 * Removes the values of token and refresh token: every user who may read the object's metadata can read the annotation.
 * Their hashes stay.
 */
function withoutValue(record: AccountRecord): object {
  const { token, grant, listing: _long, ...rest } = storedOf(record);
  const { value: _secret, ...known } = token ?? {};
  const { refreshToken: _other, ...granted } = grant ?? {};
  return { ...rest, ...(token && { token: known }), ...(grant && { grant: granted }) };
}

/** As {@link withoutValue}, without the Chinese texts of a failure: they say what the English ones say. */
function untranslated(record: AccountRecord): object {
  const { lastFailure, ...rest } = record;
  const stored = withoutValue(rest);
  if (!lastFailure) return stored;
  const { zh: _translation, ...failure } = lastFailure.failure;
  return { ...stored, setback: { ...lastFailure, failure } };
}

/** Characters to which a message is shortened; some characters take three bytes. */
const BRIEF = 100;

function brief(record: AccountRecord): AccountRecord {
  const { lastFailure } = record;
  if (!lastFailure) return record;
  const { advice: _long, ...failure } = lastFailure.failure;
  return {
    ...record,
    lastFailure: { ...lastFailure, failure: { ...failure, message: failure.message.slice(0, BRIEF) } },
  };
}
