/** Reads back what `formats.ts` writes, for formats that hold more than the value. */
import { type Subject, typeOf } from '../codec/details.ts';
import { parseJson } from '../codec/encoding.ts';
import { phpUnserialize } from '../codec/php-serialize.ts';
import { HOUR, SECOND } from '../core/time.ts';
import { type FormatName, variableOf } from './formats.ts';

/**
 * The details that a file of this format holds, as JSON for `decodeDetails`; undefined for a format that holds the
 * value alone, and for a file in which its fields are not found. A file that an SDK reads may be written by that SDK.
 */
export function fieldsIn(format: FormatName, text: string, subject: Subject): string | undefined {
  switch (format) {
    case 'php':
      return fieldsBy(/^ {2}"(?<key>\w+)" => (?:"(?<text>[^"]*)"|(?<number>\d+)),$/gm, text, unhex);
    case 'properties':
      return fieldsBy(/^(?<key>\w+)=(?<text>.*)$/gm, text, unescaped);
    case 'env':
      return fromVariables(text, subject);
    case 'wechat-ruby':
      return text.includes('"fingerprint":') ? undefined : fromRuby(text, subject);
    case 'thinkadmin':
      return fromThinkAdmin(text, subject);
    default:
      return undefined;
  }
}

const NUMBERS: ReadonlySet<string> = new Set(['expires_in', 'issued_at', 'expires_at']);

function fieldsBy(line: RegExp, text: string, decode: (text: string) => string): string | undefined {
  const fields: Record<string, string | number> = {};
  for (const { groups } of text.matchAll(line)) {
    const { key = '', text: raw, number } = groups ?? {};
    const value = number ?? decode(raw ?? '');
    fields[key] = NUMBERS.has(key) ? Number(value) : value;
  }
  return Object.keys(fields).length > 0 ? JSON.stringify(fields) : undefined;
}

function unhex(text: string): string {
  const bytes = text.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

function unescaped(text: string): string {
  return text.replace(/\\(?:u([0-9a-f]{4})|(.))/g, (_, hex: string | undefined, other: string | undefined) =>
    hex === undefined ? (other ?? '') : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** The longest life that WeChat gives a token, seconds: for what does not tell it, a value alone or variables. */
export const WHOLE_LIFE = (2 * HOUR) / SECOND;

function fromVariables(text: string, subject: Subject): string | undefined {
  const variable = variableOf(subject.kind);
  const assigned = (name: string) => {
    const found = new RegExp(`^${name}=(?:'(?<quoted>[^']*)'|(?<plain>\\S*))$`, 'm').exec(text)?.groups;
    return found?.['quoted'] ?? found?.['plain'];
  };
  const [value, end] = [assigned(variable), Number(assigned(`${variable}_EXPIRES_AT`))];
  if (value === undefined || !Number.isInteger(end)) return undefined;
  return bareDetails(subject, value, end - WHOLE_LIFE, end);
}

/** What the gem itself writes; the times are epoch seconds. */
function fromRuby(text: string, subject: Subject): string | undefined {
  const [name, gotAt, life] =
    subject.kind === 'token'
      ? ['access_token', 'got_token_at', 'token_expires_in']
      : ['ticket', 'got_ticket_at', 'ticket_expires_in'];
  const found = attempt(() => parseJson(text));
  const {
    [name]: value,
    [gotAt]: from,
    [life]: seconds,
  } = (found ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof value !== 'string' || typeof from !== 'number' || typeof seconds !== 'number') return undefined;
  return bareDetails(subject, value, from, from + seconds);
}

/**
 * For how long WeChatDeveloper keeps a token that it has fetched, seconds. Of its files only the end is known; to take a
 * token of ours, which lives for longer, for younger than it is only makes the platform be asked.
 */
const KEPT_BY_THINKADMIN = 7000;

function fromThinkAdmin(text: string, subject: Subject): string | undefined {
  const found = attempt(() => phpUnserialize(text));
  if (!(found instanceof Map)) return undefined;
  const [value, end] = [found.get('value'), found.get('expired')];
  if (typeof value !== 'string' || typeof end !== 'number' || end <= 0) return undefined;
  return bareDetails(subject, value, end - KEPT_BY_THINKADMIN, end);
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/**
 * Details of a value of which only the times are known, epoch seconds.
 * @param issuedAt the earliest time at which it can have come
 */
function bareDetails(subject: Subject, value: string, issuedAt: number, expiresAt: number): string {
  return JSON.stringify({
    ...{ type: typeOf(subject), app_id: subject.appId, access_token: value },
    ...{ expires_in: expiresAt - issuedAt, issued_at: issuedAt, expires_at: expiresAt },
  });
}
