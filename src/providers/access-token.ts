import { MINUTE, SECOND } from '../core/time.ts';
import type { CredentialKind } from './kind.ts';
import { fetched, probeToken } from './platform.ts';

/**
 * The classic token: every fetch mints a new one, the one before works on for about five minutes, and the one before
 * that dies at once. A lost answer has rotated the token all the same, so no request is ever repeated blindly.
 */
export const accessToken: CredentialKind = {
  family: 'official',
  policy: ({ window, budget }) => ({
    destructive: true,
    window,
    needsToken: false,
    windowShrinks: true,
    spread: 54 * SECOND,
    overlap: 5 * MINUTE,
    budget,
    manual: 'ordinary',
    refusalForces: false,
  }),
  provider: ({ appId, secret, platform }) => ({
    async fetch({ signal, permit }) {
      const answer = await platform.call({
        method: 'GET',
        path: '/cgi-bin/token',
        endpoint: 'token',
        query: { grant_type: 'client_credential', appid: appId, secret: (await secret()).reveal() },
        repeatable: false,
        signal,
        permit,
      });
      return fetched(answer, 'access_token');
    },
    probe: (token, signal) => probeToken('official', platform, token, signal),
  }),
};
