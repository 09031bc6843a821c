/** Reads back what `formats.ts` writes, for formats that hold more than the value. */
import { type Subject, typeOf } from '../codec/details.ts';
import { HOUR, SECOND } from '../core/time.ts';
import { type FormatName, variableOf } from './formats.ts';

/**
 * The details that a file of this format holds, as JSON for `decodeDetails`; undefined for a format that holds the
 * value alone, and for a file in which its fields are not found.
 */
export function fieldsIn(format: FormatName, text: string, subject: Subject): string | undefined {
  switch (format) {
    case 'php':
      return fieldsBy(/^ {2}"(?<key>\w+)" => (?:"(?<text>[^"]*)"|(?<number>\d+)),$/gm, text, unhex);
    case 'properties':
      return fieldsBy(/^(?<key>\w+)=(?<text>.*)$/gm, text, unescaped);
    case 'env':
      return fromVariables(text, subject);
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
  return JSON.stringify({
    ...{ type: typeOf(subject), app_id: subject.appId, access_token: value },
    ...{ expires_in: WHOLE_LIFE, issued_at: end - WHOLE_LIFE, expires_at: end },
  });
}
