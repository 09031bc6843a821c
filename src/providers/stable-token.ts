import { MINUTE, SECOND } from '../core/time.ts';
import type { CredentialKind } from './kind.ts';
import { fetched, probeToken } from './platform.ts';

/**
 * The stable token: while it lives every call returns the same one with the seconds it has left; inside the last
 * five minutes the platform hands out the next, and both work until the old one ends. Forced, it is replaced at once
 * and the old one dies.
 */
export const stableToken: CredentialKind = {
  family: 'official',
  policy: ({ window, budget, coordinated, refusalForces, recheck }) => ({
    destructive: false,
    window,
    needsToken: false,
    windowShrinks: false,
    spread: 30 * SECOND,
    overlap: 5 * MINUTE,
    budget,
    manual: coordinated ? 'forced' : 'uncoordinated',
    refusalForces,
    ...(recheck !== undefined && { recheck }),
  }),
  provider: ({ appId, secret, platform }) => ({
    async fetch({ forced, signal, permit }) {
      const answer = await platform.call({
        method: 'POST',
        path: '/cgi-bin/stable_token',
        endpoint: 'token',
        body: {
          grant_type: 'client_credential',
          appid: appId,
          secret: (await secret()).reveal(),
          force_refresh: forced,
        },
        repeatable: !forced,
        signal,
        permit,
      });
      return fetched(answer, 'access_token');
    },
    probe: (token, signal) => probeToken('official', platform, token, signal),
  }),
};
