import type { Kind } from '../core/credential.ts';
import type { AccountRecord } from '../core/record.ts';
import { encodeEntry, type Subject } from './details.ts';
import { fromBase64, parseJson, toBase64 } from './encoding.ts';
import { recordOf, storedOf } from './record.ts';

/** Where in a Secret a credential, or a ticket of it, is kept. */
export interface Keys {
  /** Of `data`: the value and nothing else, and the details of it. */
  readonly value: string;
  readonly entry: string;
  /** Of `metadata.annotations`: all else that is known of it, and what others ask of the daemon that fetches. */
  readonly record: string;
  readonly request: string;
}

/** What a Secret holds of one of them; `data` in base64, as the API server has it. */
export interface Part {
  readonly value?: string;
  readonly entry?: string;
  readonly record?: string;
}

/** As much of a Secret as matters here. */
export interface SecretContent {
  readonly data?: Readonly<Record<string, string>>;
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
}

/** The key with the details of a value, beside that of the value. */
export function detailsKeyOf(key: string): string {
  return `${key}.json`;
}

/** No name of a credential holds a dot, so that no two of these meet. */
export function keysOf(name: string, kind: Kind): Keys {
  const prefix = kind.replaceAll('_', '-');
  const [key, request] = kind === 'token' ? [name, 'request'] : [`${name}.${kind}`, `request.${prefix}`];
  return {
    value: key,
    entry: detailsKeyOf(key),
    record: `${prefix}.wx-token-sidecar/${name}`,
    request: `${request}.wx-token-sidecar/${name}`,
  };
}

/** The account of what another program keeps in a Secret: the place is all that is known of it. */
export function mirrorAccount(
  { namespace = '', name }: { readonly namespace?: string | undefined; readonly name: string },
  credential: string,
  kind: Kind,
): string {
  const ticket = kind === 'token' ? '' : `/${kind}`;
  return `mirror/${namespace}/${name}/${credential}${ticket}`;
}

export function partOf({ data = {}, metadata: { annotations = {} } }: SecretContent, keys: Keys): Part {
  const [value, entry, record] = [data[keys.value], data[keys.entry], annotations[keys.record]];
  return {
    ...(value !== undefined && { value }),
    ...(entry !== undefined && { entry }),
    ...(record !== undefined && { record }),
  };
}

export function isSamePart(a: Part, b: Part): boolean {
  return a.value === b.value && a.entry === b.entry && a.record === b.record;
}

/** What of a Secret has to change so that it holds `wanted`; a call that is begun changes an annotation alone. */
export function patchOf(wanted: Part, before: Part, keys: Keys) {
  const data = {
    ...(wanted.value !== undefined && wanted.value !== before.value && { [keys.value]: wanted.value }),
    ...(wanted.entry !== undefined && wanted.entry !== before.entry && { [keys.entry]: wanted.entry }),
  };
  const annotations = wanted.record === undefined ? {} : { [keys.record]: wanted.record };
  return { metadata: { annotations }, ...(Object.keys(data).length > 0 && { data }) };
}

/** Bytes of one record: what is longer is an error message that says too much. */
export const LARGEST_RECORD = 2048;

/** What a Secret is to hold. Without a token `data` is left as it is. */
export function encodePart(record: AccountRecord, subject: Subject): Part {
  const { token } = record;
  const bare = JSON.stringify(withoutValue(record));
  const text = Buffer.byteLength(bare) <= LARGEST_RECORD ? bare : JSON.stringify(withoutValue(brief(record)));
  return {
    record: text,
    ...(token && { value: toBase64(token.value.reveal()), entry: toBase64(encodeEntry(token, subject)) }),
  };
}

/**
 * @returns undefined where there is nothing
 * @throws {Error} saying why this is no record of the account, without quoting it
 */
export function decodePart({ value, record }: Part, account: string): AccountRecord | undefined {
  if (record === undefined) return undefined;
  const stored = parseJson(record);
  const { token } = (stored ?? {}) as { readonly token?: object };
  if (!token) return recordOf(stored, account);
  const revealed = fromBase64(value ?? '');
  return recordOf({ ...(stored as object), token: { ...token, value: revealed } }, account);
}

/** An annotation is for everyone who may read the object's metadata: the token is not in it, only what it hashes to. */
function withoutValue(record: AccountRecord): object {
  const { token, ...rest } = storedOf(record);
  if (!token) return rest;
  const { value: _secret, ...known } = token;
  return { ...rest, token: known };
}

/** Characters of a message, some of which take three bytes. */
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
