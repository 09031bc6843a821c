import { readAnswer } from '../core/credential.ts';
import { MINUTE } from '../core/time.ts';
import type { CredentialKind } from './kind.ts';
import { probeToken } from './probe.ts';

/**
 * The token of one app of a corp: while it lives every call returns the same one with the seconds it has left, and
 * after its end the next. So nothing is gained by asking early, and a lost answer loses nothing.
 */
export const wecom: CredentialKind = {
  family: 'wecom',
  policy: ({ budget }) => ({
    destructive: false,
    repeats: 'with-rest',
    needsToken: false,
    window: MINUTE,
    windowShrinks: false,
    spread: 0,
    overlap: 0,
    budget,
    manual: 'ordinary',
    refusalForces: false,
  }),
  provider: ({ appId, secret, platform }) => ({
    async fetch({ signal }) {
      const { body, date } = await platform.call({
        method: 'GET',
        path: '/cgi-bin/gettoken',
        endpoint: 'token',
        query: { corpid: appId, corpsecret: (await secret()).reveal() },
        repeatable: true,
        signal,
      });
      return { ...readAnswer(body, 'access_token'), ...(date !== undefined && { platformDate: date }) };
    },
    probe: (token, signal) => probeToken('wecom', platform, token, signal),
  }),
};
