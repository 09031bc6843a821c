import { createHash } from 'node:crypto';
import * as v from 'valibot';
import type { Token } from '../core/credential.ts';
import { Secret } from '../core/secret.ts';
import { SECOND } from '../core/time.ts';
import { details, type Subject } from './formats.ts';

/** What is kept in `KEY.json` of a Secret: the token as it was published, and what tells which of two is the newer. */
export interface SecretEntry {
  readonly token: Token;
  readonly appId: string;
  readonly type: string;
}

const Count = v.pipe(v.number(), v.minValue(0), v.maxValue(8.64e15));
const Value = v.pipe(v.string(), v.minLength(1), v.maxLength(4096));

/** Times in epoch seconds, as in the other forms. */
const Stored = v.object({
  type: v.string(),
  app_id: v.string(),
  access_token: v.exactOptional(Value),
  ticket: v.exactOptional(Value),
  expires_in: Count,
  issued_at: Count,
  expires_at: Count,
  generation: Count,
  /** The platform's own `Date` when it handed the token out. */
  platform_date: v.exactOptional(Count),
  /** SHA-256 of the value in hex: what readers may report instead of the value, and proof that it is whole. */
  fingerprint: v.string(),
});

export function encodeEntry(token: Token, subject: Subject): string {
  const { generation, platformDate } = token;
  const entry = {
    ...details(token, subject),
    kind: subject.kind,
    generation,
    ...(platformDate !== undefined && { platform_date: Math.floor(platformDate / SECOND) }),
    fingerprint: sha256(token.value.reveal()),
  };
  return `${JSON.stringify(entry)}\n`;
}

/** @returns undefined for what this program has not written so, or what somebody has changed since */
export function decodeEntry(text: string): SecretEntry | undefined {
  const { success, output } = v.safeParse(Stored, parseJson(text));
  const value = success ? (output.access_token ?? output.ticket) : undefined;
  if (!success || value === undefined || sha256(value) !== output.fingerprint) return undefined;
  const token: Token = {
    value: new Secret(value),
    expiresIn: output.expires_in,
    issuedAt: output.issued_at * SECOND,
    expiresAt: output.expires_at * SECOND,
    generation: output.generation,
    ...(output.platform_date !== undefined && { platformDate: output.platform_date * SECOND }),
  };
  return { token, appId: output.app_id, type: output.type };
}

function sha256(value: string): string {
  return createHash('sha256').update(value).digest('hex');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
