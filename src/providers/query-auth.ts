import type { Token } from '../core/credential.ts';
import { failureOf } from '../core/failure.ts';
import type { FetchRequest } from '../core/ports.ts';
import type { Secret } from '../core/secret.ts';
import type { Platform, PlatformAnswer } from './platform.ts';
import { needed } from './third-party.ts';

export interface CodeCall extends Pick<FetchRequest, 'signal'> {
  readonly platform: Platform;
  readonly component: string;
  /** Of the third party. */
  readonly token: Token | undefined;
  readonly code: Secret;
  readonly permit: FetchRequest['permit'] | undefined;
}

/**
 * Exchanges the code of an authorisation, which works once. That makes a token of the account, which replaces the one
 * before; after it the platform lists the account with its refresh token.
 * @throws {EdgeError} why it does not
 */
export async function queryAuth(call: CodeCall): Promise<PlatformAnswer> {
  const { platform, component, token, code, signal, permit } = call;
  return platform.call({
    method: 'POST',
    path: '/cgi-bin/component/api_query_auth',
    endpoint: 'query-auth',
    query: { component_access_token: needed(token) },
    body: { component_appid: component, authorization_code: code.reveal() },
    repeatable: false,
    signal,
    permit,
  });
}

/** The code is none, or has been used: by an app, or by another daemon that was pushed it as well. */
const USED_UP: ReadonlySet<number | undefined> = new Set([61009, 61010]);

/** Whether a failure of {@link queryAuth} says that nothing will come of the code any more. */
export function isUsedUp(error: unknown): boolean {
  return USED_UP.has(failureOf(error, 'unknown').errcode);
}
