import * as v from 'valibot';
import { type Kind, readAnswer, type Token } from '../core/credential.ts';
import { SECOND } from '../core/time.ts';
import { Generation, parseJson, sha256 } from './record.ts';

/** Whose token or ticket it is. */
export interface Subject {
  readonly name: string;
  /** Of the credential. */
  readonly type: string;
  readonly appId: string;
  readonly kind: Kind;
}

/** What `KEY.json` of a Secret says: for mirrors, apps and people. */
export interface Entry {
  readonly token: Token;
  readonly appId: string;
  /** Of the credential, or the kind of the ticket. */
  readonly type: string;
}

const Epoch = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(8.64e12));

/** Times in epoch seconds, as in published files. */
const Stored = v.object({
  type: v.pipe(v.string(), v.maxLength(64)),
  app_id: v.pipe(v.string(), v.maxLength(128)),
  access_token: v.exactOptional(v.string()),
  ticket: v.exactOptional(v.string()),
  expires_in: v.number(),
  issued_at: Epoch,
  expires_at: Epoch,
  generation: Generation,
  platform_date: v.exactOptional(Epoch),
  fingerprint: v.string(),
});

export function encodeEntry(token: Token, { name, type, appId, kind }: Subject): string {
  const value = token.value.reveal();
  const { expiresIn, issuedAt, expiresAt, generation, platformDate } = token;
  const entry = {
    name,
    type: kind === 'token' ? type : kind,
    app_id: appId,
    ...(kind === 'token' ? { access_token: value } : { ticket: value }),
    expires_in: expiresIn,
    issued_at: seconds(issuedAt),
    expires_at: seconds(expiresAt),
    kind,
    generation,
    ...(platformDate !== undefined && { platform_date: seconds(platformDate) }),
    fingerprint: sha256(value),
  };
  return `${JSON.stringify(entry)}\n`;
}

/** @throws {Error} saying why this is no entry of a credential, without quoting it: it would be published */
export function decodeEntry(text: string): Entry {
  const { success, output } = v.safeParse(Stored, parseJson(text));
  if (!success) throw new Error('not the details of a credential');
  const { access_token, ticket, expires_in, issued_at, expires_at, generation, platform_date } = output;
  const said = access_token ?? ticket ?? '';
  if (sha256(said) !== output.fingerprint) throw new Error('its value is not the one that was written');
  try {
    const answer = readAnswer({ access_token: said, expires_in }, 'access_token');
    const token: Token = {
      ...answer,
      issuedAt: issued_at * SECOND,
      expiresAt: Math.min(expires_at, issued_at + answer.expiresIn + 1) * SECOND,
      generation,
      ...(platform_date !== undefined && { platformDate: platform_date * SECOND }),
    };
    return { token, appId: output.app_id, type: output.type };
  } catch {
    throw new Error('its value, or its life, cannot be that of a credential');
  }
}

/** Whether what a Secret keeps of a token, in base64, are its details; those of another version of us count as well. */
export function isEntryOf(
  base64: string | undefined,
  { value, generation }: Token,
  { appId }: Subject,
): boolean {
  try {
    const entry = decodeEntry(Buffer.from(base64 ?? '', 'base64').toString('utf8'));
    const { token } = entry;
    return token.value.equals(value) && token.generation === generation && entry.appId === appId;
  } catch {
    return false;
  }
}

/** Rounded down: no reader is promised a part of a second that the token does not have. */
function seconds(ms: number): number {
  return Math.floor(ms / SECOND);
}
