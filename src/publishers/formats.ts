import { detailsOf, encodeEntry, entryOf, type Subject } from '../codec/details.ts';
import { epochSeconds, sha256 } from '../codec/encoding.ts';
import { phpSerialize } from '../codec/php-serialize.ts';
import type { Kind, Token } from '../core/credential.ts';

type Format = (token: Token, subject: Subject) => string;

/**
 * Makes the content of a published file, by format; the keys are the names in the configuration. Each format quotes
 * its input by the rules of its reader, and does not rely on validation elsewhere.
 * @throws {TypeError} if a format cannot express the value: `env` with a NUL
 */
export const formats = {
  /** The value alone, without a newline that a reader would have to trim. */
  raw: (token) => token.value.reveal(),
  json: encodeEntry,
  env: (token, subject) => shellAssignments(variables(token, subject)),
  php: (token, subject) => phpArray(detailsOf(token, subject)),
  properties: (token, subject) => javaProperties(detailsOf(token, subject)),
  'wechat-ruby': (token, subject) =>
    `${JSON.stringify({ ...entryOf(token, subject), ...rubyFields(token, subject) })}\n`,
  thinkadmin: (token, subject) =>
    phpSerialize({
      name: thinkAdminName(subject),
      value: token.value.reveal(),
      expired: epochSeconds(token.expiresAt),
    }),
} as const satisfies Record<string, Format>;

/** Name of a format in the configuration. */
export type FormatName = keyof typeof formats;

/** The only file name that the reader of a format looks for; undefined where the path is given to the reader. */
export function nameLookedFor(
  format: FormatName,
  subject: Pick<Subject, 'appId' | 'kind'>,
): string | undefined {
  return format === 'thinkadmin' ? thinkAdminName(subject) : undefined;
}

/** Whether a file of this format holds what `encodeEntry` writes, which tells all of a token that was published. */
export function holdsEntry(format: FormatName): boolean {
  return format === 'json' || format === 'wechat-ruby';
}

/**
 * What the gem `wechat` looks for in its files of a token and of a ticket; it ignores every other field. It takes a token
 * for used up when `…_expires_in` seconds have passed since `got_…_at`.
 * https://github.com/Eric-Guo/wechat, lib/wechat/token/access_token_base.rb, ticket/jsapi_base.rb, seen 2026-11
 */
function rubyFields({ value, issuedAt, expiresAt }: Token, { kind }: Subject) {
  const [gotAt, life] = [epochSeconds(issuedAt), epochSeconds(expiresAt) - epochSeconds(issuedAt)];
  if (kind === 'token') return { got_token_at: gotAt, token_expires_in: life };
  // The gem sends it along to WeChat's login and keeps it as long as the ticket: nobody may guess it, and every daemon must
  // write the same one.
  const state = sha256(`oauth2_state ${value.reveal()}`).slice(0, 32);
  return { got_ticket_at: gotAt, ticket_expires_in: life, oauth2_state: state };
}

/**
 * The name under which WeChatDeveloper, and ThinkAdmin with it, keeps a token or ticket: that of the file, and a field in
 * it. https://github.com/zoujingli/WeChatDeveloper, WeChat/Contracts/BasicWeChat.php, WeChat/Script.php, seen 2026-11
 */
function thinkAdminName({ appId, kind }: Pick<Subject, 'appId' | 'kind'>): string {
  return kind === 'token' ? `${appId}_access_token` : `${appId}_ticket_${kind}`;
}

/**
 * Returns the name of the shell variable: `WX_ACCESS_TOKEN` for the token, and for a ticket one made of its name,
 * such as `WX_JSAPI_TICKET`.
 */
export function variableOf(kind: Kind): string {
  if (kind === 'token') return 'WX_ACCESS_TOKEN';
  return `WX_${kind.replace(/^wx_/, '').toUpperCase()}_TICKET`;
}

function variables(token: Token, { kind }: Subject) {
  const variable = variableOf(kind);
  return { [variable]: token.value.reveal(), [`${variable}_EXPIRES_AT`]: epochSeconds(token.expiresAt) };
}

/**
 * Characters that a PHP literal must escape: all but visible ASCII and the blank, those with a meaning in a
 * double-quoted string, and those that open or close PHP.
 */
const ESCAPED = /[^ -~]|["$<>?\\]/g;

/**
 * Formats the fields as a PHP file whose `include` returns them as an array. The file prints nothing, even if a web
 * server runs it.
 */
function phpArray(fields: Readonly<Record<string, string | number>>): string {
  const entries = Object.entries(fields).map(([key, value]) => `  ${literal(key)} => ${literal(value)},\n`);
  return `<?php return [\n${entries.join('')}];\n`;
}

/**
 * Formats a PHP literal. Strings become plain ASCII, with `\xHH` for every other byte, because `zend.multibyte` and
 * `zend.script_encoding` may make PHP read the file in an encoding in which a byte of UTF-8 swallows the backslash
 * after it.
 */
function literal(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const bytes = Buffer.from(value, 'utf8').toString('latin1');
  const hex = (byte: string) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`;
  return `"${bytes.replace(ESCAPED, hex)}"`;
}

/**
 * Formats Java properties, escaped like those of `Properties.store`: plain ASCII, because `load` reads a stream as
 * Latin-1.
 * @param fields fields whose keys consist of letters, digits and `_`
 */
function javaProperties(fields: Readonly<Record<string, string | number>>): string {
  const entries = Object.entries(fields);
  return entries.map(([key, value]) => `${key}=${escaped(String(value))}\n`).join('');
}

/**
 * Escapes a value of Java properties. Blanks are escaped too, because some readers of properties trim those at the
 * ends.
 */
function escaped(value: string): string {
  const unicode = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return value.replace(/[\\=:#!]/g, '\\$&').replace(/[^!-~]/g, unicode);
}

/**
 * Formats assignments that any POSIX shell can source.
 * @throws {TypeError} for a value with a NUL, which a shell variable cannot hold
 */
function shellAssignments(variables: Readonly<Record<string, string | number>>): string {
  const entries = Object.entries(variables);
  return entries.map(([name, value]) => `${name}=${quoted(String(value))}\n`).join('');
}

/**
 * Characters that mean nothing to a shell, wherever they stand, nor to any other reader of `NAME=value` lines. Not `:`
 * and `~`, after which a shell puts a home folder, and no `=` at the start, where zsh looks for a program.
 */
const PLAIN = /^(?!=)[\w.+/@%,=-]*$/;

/**
 * Quotes a value for a shell, which reads everything up to the next single quote literally. A value that needs no quotes
 * gets none, since many readers of such files (docker, podman, kubectl, make, Java) keep quotes as part of the value.
 */
function quoted(value: string): string {
  if (value.includes('\0')) throw new TypeError('a shell variable cannot hold a NUL');
  return PLAIN.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
