/** How caches of SDKs write a token or ticket down, beside the file formats of `publishers/formats.ts`. */
import type { Kind, Token } from '../core/credential.ts';
import { parseJson } from './encoding.ts';
import { phpSerialize, phpUnserialize } from './php-serialize.ts';

/** The encodings, by their names in the configuration. */
export const ENCODINGS = ['raw', 'php-string', 'php-array', 'json-string', 'json-object'] as const;

export type Encoding = (typeof ENCODINGS)[number];

/**
 * Encodes a value, as text that is stored in UTF-8. Where the encoding has room for `expires_in`, it is the whole life
 * that the platform gave, as the SDKs write it: so the bytes of one token never change.
 */
export function encodeValue(
  encoding: Encoding,
  { value, expiresIn }: Pick<Token, 'value' | 'expiresIn'>,
  kind: Kind,
): string {
  const text = value.reveal();
  const fields = { [fieldOf(kind)]: text, expires_in: Math.floor(expiresIn) };
  switch (encoding) {
    case 'raw':
      return text;
    case 'php-string':
      return phpSerialize(text);
    case 'php-array':
      return phpSerialize(fields);
    case 'json-string':
      return JSON.stringify(text);
    case 'json-object':
      return JSON.stringify(fields);
  }
}

/**
 * Decodes what stands in a cache, whoever wrote it.
 * @returns the value in the clear; undefined where a reader of this encoding would find none
 */
export function decodeValue(encoding: Encoding, text: string, kind: Kind): string | undefined {
  const found = heldIn(encoding, text, fieldOf(kind));
  return typeof found === 'string' && found !== '' ? found : undefined;
}

function heldIn(encoding: Encoding, text: string, field: string): unknown {
  try {
    switch (encoding) {
      case 'raw':
        return text;
      case 'php-string':
        return phpUnserialize(text);
      case 'php-array': {
        const array = phpUnserialize(text);
        return array instanceof Map ? array.get(field) : undefined;
      }
      case 'json-string':
        return parseJson(text);
      case 'json-object': {
        const object = parseJson(text);
        return isObject(object) ? object[field] : undefined;
      }
    }
  } catch {
    return undefined;
  }
}

/** The name that the platform gives the value in its answers, which the SDKs keep. */
function fieldOf(kind: Kind): 'access_token' | 'ticket' {
  return kind === 'token' ? 'access_token' : 'ticket';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What else was found in caches of SDKs, that only the program which wrote it reads. */
export type ForeignEncoding = 'igbinary' | 'java' | 'kryo';

/** What a token consists of, as far as is known: see `core/credential.ts`. */
const BARE = /^[\w.~+/=-]{16,4096}$/;

/**
 * Tells how a value was encoded, to say why a reader does not find it.
 * @returns undefined where it is none of those that are known
 */
export function recogniseEncoding(bytes: Uint8Array, kind: Kind): Encoding | ForeignEncoding | undefined {
  const [first, second, third, fourth] = bytes;
  // Versions 1 and 2 of igbinary: https://github.com/igbinary/igbinary, README, seen 2026-11.
  if (first === 0 && second === 0 && third === 0 && (fourth === 1 || fourth === 2)) return 'igbinary';
  // java.io.ObjectStreamConstants: STREAM_MAGIC.
  if (first === 0xac && second === 0xed) return 'java';
  // The class id of a string, with which Redisson's default codec begins.
  if (first === 3) return 'kryo';
  const text = Buffer.from(bytes).toString('utf8');
  if (BARE.test(text)) return 'raw';
  return ENCODINGS.find((encoding) => encoding !== 'raw' && decodeValue(encoding, text, kind) !== undefined);
}
