import type { CredentialType, Token } from '../core/credential.ts';

/** Whose token a file holds: what the details say beside the value. */
export interface Subject {
  readonly name: string;
  readonly type: CredentialType;
  readonly appId: string;
}

type Format = (token: Token, subject: Subject) => string;

/** The content of a published file, by format; the names are those of the configuration. */
export const formats = {
  /** The value and nothing else: no newline that a reader would have to trim. */
  raw: (token) => token.value.reveal(),
  json: (token, { name, type, appId }) =>
    `${JSON.stringify({
      name,
      type,
      app_id: appId,
      access_token: token.value.reveal(),
      expires_in: token.expiresIn,
      issued_at: Math.floor(token.issuedAt / 1000),
      expires_at: Math.floor(token.expiresAt / 1000),
    })}\n`,
} as const satisfies Record<string, Format>;

export type FormatName = keyof typeof formats;
