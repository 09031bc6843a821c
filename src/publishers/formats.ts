import { detailsOf, type Subject } from '../codec/details.ts';
import { epochSeconds } from '../codec/encoding.ts';
import type { Kind, Token } from '../core/credential.ts';

type Format = (token: Token, subject: Subject) => string;

/**
 * The content of a published file, by format; the names are those of the configuration. Each quotes what it is given
 * by the rules of its reader and relies on nobody's validation.
 * @throws {TypeError} where a format cannot express the value: `env` and a NUL
 */
export const formats = {
  /** The value and nothing else: no newline that a reader would have to trim. */
  raw: (token) => token.value.reveal(),
  json: (token, subject) => `${JSON.stringify(detailsOf(token, subject))}\n`,
  env: (token, subject) => shellAssignments(variables(token, subject)),
  php: (token, subject) => phpArray(detailsOf(token, subject)),
  properties: (token, subject) => javaProperties(detailsOf(token, subject)),
} as const satisfies Record<string, Format>;

export type FormatName = keyof typeof formats;

/** `WX_ACCESS_TOKEN` for a token, `WX_JSAPI_TICKET` and the like for a ticket by its name. */
function variableOf(kind: Kind): string {
  if (kind === 'token') return 'WX_ACCESS_TOKEN';
  return `WX_${kind.replace(/^wx_/, '').toUpperCase()}_TICKET`;
}

function variables(token: Token, { kind }: Subject) {
  const variable = variableOf(kind);
  return { [variable]: token.value.reveal(), [`${variable}_EXPIRES_AT`]: epochSeconds(token.expiresAt) };
}

/** What is not visible ASCII or a blank, means something in a double-quoted string, or opens or closes PHP. */
const ESCAPED = /[^ -~]|["$<>?\\]/g;

/** A file whose `include` returns the fields as an array. It prints nothing, also when a web server runs it. */
function phpArray(fields: Readonly<Record<string, string | number>>): string {
  const entries = Object.entries(fields).map(([key, value]) => `  ${literal(key)} => ${literal(value)},\n`);
  return `<?php return [\n${entries.join('')}];\n`;
}

/**
 * Strings become plain ASCII, with `\xHH` for every other byte: `zend.multibyte` and `zend.script_encoding` may make
 * PHP read the file in an encoding in which a byte of UTF-8 swallows the backslash after it.
 */
function literal(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const bytes = Buffer.from(value, 'utf8').toString('latin1');
  const hex = (byte: string) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`;
  return `"${bytes.replace(ESCAPED, hex)}"`;
}

/**
 * Java properties, escaped like those of `Properties.store`: plain ASCII, since `load` reads a stream as Latin-1.
 * @param fields with keys of letters, digits and `_`
 */
function javaProperties(fields: Readonly<Record<string, string | number>>): string {
  const entries = Object.entries(fields);
  return entries.map(([key, value]) => `${key}=${escaped(String(value))}\n`).join('');
}

/** Blanks as well: not every reader of properties leaves those at the ends alone. */
function escaped(value: string): string {
  const unicode = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return value.replace(/[\\=:#!]/g, '\\$&').replace(/[^!-~]/g, unicode);
}

/**
 * Assignments for any POSIX shell to source.
 * @throws {TypeError} for a value with a NUL, which no shell variable can hold
 */
function shellAssignments(variables: Readonly<Record<string, string | number>>): string {
  const entries = Object.entries(variables);
  return entries.map(([name, value]) => `${name}=${quoted(String(value))}\n`).join('');
}

/** Between single quotes a shell reads everything as it is, up to the next single quote. */
function quoted(value: string): string {
  if (value.includes('\0')) throw new TypeError('a shell variable cannot hold a NUL');
  return `'${value.replaceAll("'", "'\\''")}'`;
}
