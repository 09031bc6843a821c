import type { Kind, Token } from '../core/credential.ts';
import { phpArray } from './formats/php.ts';
import { javaProperties } from './formats/properties.ts';
import { shellAssignments } from './formats/shell.ts';

/** Whose token or ticket a file holds: what the details say beside the value. */
export interface Subject {
  readonly name: string;
  /** Of the credential. */
  readonly type: string;
  readonly appId: string;
  readonly kind: Kind;
}

type Format = (token: Token, subject: Subject) => string;

/**
 * The content of a published file, by format; the names are those of the configuration. Each quotes what it is given
 * by the rules of its reader and relies on nobody's validation.
 * @throws {TypeError} where a format cannot express the value: `env` and a NUL
 */
export const formats = {
  /** The value and nothing else: no newline that a reader would have to trim. */
  raw: (token) => token.value.reveal(),
  json: (token, subject) => `${JSON.stringify(details(token, subject))}\n`,
  env: (token, subject) => shellAssignments(variables(token, subject)),
  php: (token, subject) => phpArray(details(token, subject)),
  properties: (token, subject) => javaProperties(details(token, subject)),
} as const satisfies Record<string, Format>;

export type FormatName = keyof typeof formats;

/**
 * Times are epoch seconds. `type` says what one has: of a token the credential's type, of a ticket its kind, since
 * readers of several tickets tell them apart by nothing else (and the platform's own parameter is `type=jsapi` too).
 */
export function details(token: Token, { name, type, appId, kind }: Subject) {
  const value = token.value.reveal();
  return {
    name,
    type: kind === 'token' ? type : kind,
    app_id: appId,
    ...(kind === 'token' ? { access_token: value } : { ticket: value }),
    expires_in: token.expiresIn,
    issued_at: epochSeconds(token.issuedAt),
    expires_at: epochSeconds(token.expiresAt),
  };
}

const VARIABLES: Readonly<Record<Kind, string>> = {
  token: 'WX_ACCESS_TOKEN',
  jsapi: 'WX_JSAPI_TICKET',
  wx_card: 'WX_CARD_TICKET',
  corp_jsapi: 'WX_CORP_JSAPI_TICKET',
  agent_config: 'WX_AGENT_CONFIG_TICKET',
};

function variables(token: Token, { kind }: Subject) {
  const variable = VARIABLES[kind];
  return { [variable]: token.value.reveal(), [`${variable}_EXPIRES_AT`]: epochSeconds(token.expiresAt) };
}

/** Rounded down: no reader is promised a part of a second that the token does not have. */
function epochSeconds(ms: number): number {
  return Math.floor(ms / 1000);
}
