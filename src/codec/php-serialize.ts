/**
 * What PHP's `serialize()` writes and `unserialize()` reads, without objects and references: PHP's caches keep values so.
 * https://www.php.net/manual/en/function.serialize.php, seen 2026-11
 */

/** A value that PHP can serialize and that has a counterpart here; an array as its entries, in order. */
export type PhpValue = string | number | boolean | null | PhpArray;

/** A PHP array: an ordered map. */
export type PhpArray = ReadonlyMap<string | number, PhpValue>;

/**
 * Serializes a string, a whole number or a map of them. Lengths count bytes of UTF-8, as PHP does.
 * @throws {TypeError} for a number that is no safe integer
 */
export function phpSerialize(value: string | number | Readonly<Record<string, string | number>>): string {
  if (typeof value === 'string') return `s:${Buffer.byteLength(value)}:"${value}";`;
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new TypeError('only a whole number can be written as a PHP int');
    return `i:${value};`;
  }
  const entries = Object.entries(value).map(([key, each]) => phpSerialize(key) + phpSerialize(each));
  return `a:${entries.length}:{${entries.join('')}}`;
}

/** Most arrays within each other that are read: a cache of an SDK has one or two. */
const DEEPEST = 8;

/**
 * Reads a serialized value. It is strict: what PHP itself would not have written is not read.
 * @throws {Error} saying that it is none, without quoting it
 */
export function phpUnserialize(text: string): PhpValue {
  const bytes = Buffer.from(text, 'utf8');
  let at = 0;

  function refuse(): never {
    throw new Error('not a serialized PHP value');
  }

  function until(end: string): string {
    const found = bytes.indexOf(end, at, 'latin1');
    if (found < 0) refuse();
    const part = bytes.toString('latin1', at, found);
    at = found + end.length;
    return part;
  }

  function skip(expected: string): void {
    if (bytes.toString('latin1', at, at + expected.length) !== expected) refuse();
    at += expected.length;
  }

  function count(end: string): number {
    const digits = until(end);
    if (!/^(0|[1-9]\d{0,8})$/.test(digits)) refuse();
    return Number(digits);
  }

  function string(): string {
    const length = count(':');
    skip('"');
    if (at + length > bytes.length) refuse();
    const content = bytes.toString('utf8', at, at + length);
    at += length;
    skip('";');
    return content;
  }

  function integer(): number {
    const digits = until(';');
    if (!/^(0|-?[1-9]\d{0,15})$/.test(digits)) refuse();
    return Number(digits);
  }

  function array(depth: number): PhpArray {
    if (depth > DEEPEST) refuse();
    const length = count(':');
    skip('{');
    const entries = new Map<string | number, PhpValue>();
    for (let index = 0; index < length; index += 1) {
      const key = value(depth);
      if (typeof key !== 'string' && typeof key !== 'number') refuse();
      entries.set(key, value(depth));
    }
    skip('}');
    return entries;
  }

  function value(depth: number): PhpValue {
    const type = bytes.toString('latin1', at, at + 2);
    at += 2;
    switch (type) {
      case 's:':
        return string();
      case 'i:':
        return integer();
      case 'd:': {
        const digits = until(';');
        return digits !== '' && Number.isFinite(Number(digits)) ? Number(digits) : refuse();
      }
      case 'b:':
        return count(';') === 1;
      case 'N;':
        return null;
      case 'a:':
        return array(depth + 1);
      default:
        return refuse();
    }
  }

  const whole = value(0);
  if (at !== bytes.length) refuse();
  return whole;
}

/** Encodes text as PHP's `json_encode` does by default: a slash is escaped, and what is no ASCII is written `\uXXXX`. */
export function phpJsonString(text: string): string {
  const unicode = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(text)
    .replaceAll('/', '\\/')
    .replace(/[^\0-\x7f]/g, unicode);
}
