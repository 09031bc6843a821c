import { type CredentialKind, repeatingPolicy } from './kind.ts';
import { fetched, probeToken } from './platform.ts';

/**
 * The token of one app of a corp: while it lives every call returns the same one with the seconds it has left, and
 * after its end the next. So nothing is gained by asking early, and a lost answer loses nothing.
 */
export const wecom: CredentialKind = {
  family: 'wecom',
  policy: (wishes) => repeatingPolicy({ repeats: 'with-rest', needsToken: false }, wishes),
  provider: ({ appId, secret, platform }) => ({
    async fetch({ signal, permit }) {
      const answer = await platform.call({
        method: 'GET',
        path: '/cgi-bin/gettoken',
        endpoint: 'token',
        query: { corpid: appId, corpsecret: (await secret()).reveal() },
        repeatable: true,
        signal,
        permit,
      });
      return fetched(answer, 'access_token');
    },
    probe: (token, signal) => probeToken('wecom', platform, token, signal),
  }),
};
