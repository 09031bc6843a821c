import { isDeepStrictEqual } from 'node:util';
import { type About, invalid } from './status.ts';
import type { Thing } from './store.ts';

const MOST_DATA = 1024 * 1024;
const MOST_ANNOTATIONS = 256 * 1024;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** What a Secret has to be. `stringData` is only written, and goes into `data`. */
export function checkedSecret(about: About, thing: Thing, before: Thing | undefined): Thing {
  const { stringData, ...rest } = thing;
  const data = { ...dataOf(thing), ...encoded(asStrings(stringData)) };
  const secret: Thing = {
    kind: 'Secret',
    apiVersion: 'v1',
    type: 'Opaque',
    ...rest,
    ...(thing['data'] !== undefined || stringData !== undefined ? { data } : {}),
  };
  undecodable(about, secret);
  for (const key of Object.keys(data)) {
    if (/^[-._a-zA-Z0-9]{1,253}$/.test(key) && key !== '.' && !key.startsWith('..')) continue;
    const message = `Invalid value: "${key}": a valid config key must consist of alphanumeric characters`;
    throw invalid(about, [{ reason: 'FieldValueInvalid', message, field: `data[${key}]` }]);
  }
  immutable(about, secret, before);
  const size = Object.values(data).reduce((sum, value) => sum + Buffer.from(value, 'base64').length, 0);
  if (size > MOST_DATA) throw tooLong(about, 'data', MOST_DATA);
  return secret;
}

export function checkedAnnotations(about: About, { metadata: { annotations = {} } }: Thing): void {
  const size = Object.entries(annotations).reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  if (size > MOST_ANNOTATIONS) throw tooLong(about, 'metadata.annotations', MOST_ANNOTATIONS);
}

/** The answer to what does not decode holds the whole object, every credential in it. */
function undecodable(about: About, secret: Thing): void {
  const { annotations = {} } = secret.metadata;
  const isBad =
    Object.values(dataOf(secret)).some((value) => typeof value !== 'string' || !BASE64.test(value)) ||
    Object.values(annotations).some((value) => typeof value !== 'string');
  if (!isBad) return;
  const message = `Invalid value: ${JSON.stringify(JSON.stringify(secret))}: illegal base64 data at input byte 4`;
  throw invalid(about, [{ reason: 'FieldValueInvalid', message, field: 'patch' }]);
}

function immutable(about: About, secret: Thing, before: Thing | undefined): void {
  if (before?.['immutable'] !== true) return;
  const message = 'Forbidden: field is immutable when `immutable` is set';
  if (secret['immutable'] !== true)
    throw invalid(about, [{ reason: 'FieldValueForbidden', message, field: 'immutable' }]);
  if (isDeepStrictEqual(dataOf(secret), dataOf(before))) return;
  throw invalid(about, [{ reason: 'FieldValueForbidden', message, field: 'data' }]);
}

function tooLong(about: About, field: string, most: number) {
  return invalid(about, [
    { reason: 'FieldValueTooLong', message: `Too long: may not be more than ${most} bytes`, field },
  ]);
}

function dataOf({ data }: Thing): Readonly<Record<string, string>> {
  return asStrings(data);
}

function asStrings(value: unknown): Readonly<Record<string, string>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, string>) : {};
}

function encoded(texts: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = Object.entries(texts);
  return Object.fromEntries(entries.map(([key, text]) => [key, Buffer.from(text).toString('base64')]));
}
