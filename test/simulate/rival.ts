import type { PlatformRequest } from '../../src/sandbox/protocol.ts';
import type { CredentialType } from '../support/kinds.ts';
import { TEST_ACCOUNT } from '../support/sandbox.ts';

/** A token call of another program on the same account. */
export function rivalCall(type: CredentialType, forced: boolean): PlatformRequest {
  const { appId: appid, secret } = TEST_ACCOUNT;
  const parameters = { grant_type: 'client_credential', appid, secret };
  const ip = '192.0.2.1';
  if (type === 'access-token')
    return { method: 'GET', path: '/cgi-bin/token', query: parameters, body: '', ip };
  const body = JSON.stringify({ ...parameters, force_refresh: forced });
  return { method: 'POST', path: '/cgi-bin/stable_token', query: {}, body, ip };
}
