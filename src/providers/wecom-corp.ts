import { credentialKind, repeatingPolicy } from './kind.ts';
import { fetched, probeToken } from './platform.ts';
import { needed } from './third-party.ts';
import { WECOM } from './wecom.ts';

/**
 * The token of a corp that has installed a suite. Its secret is the permanent code, which came with the authorisation
 * and cannot be listed or fetched again. While it lives, every call returns the same token. CorpIDs that a third party
 * sees are encrypted, and upper and lower case count. See docs/wechat-facts.md, Third parties.
 */
export const wecomCorp = credentialKind({
  ...WECOM,
  type: 'wecom-corp',
  summary: 'a corp that has installed the wecom-suite that via names; its secret is the permanent code',
  family: 'wecom-service',
  tickets: ['corp_jsapi', 'agent_config'],
  // One suite is one app of a corp, so a permanent code that was given anew is still the same app.
  perSecret: false,
  via: 'wecom-suite',
  caseSensitive: true,
  options: {},
  timing: {
    none: {
      en: 'a token of wecom-corp repeats until it ends',
      zh: 'wecom-corp 在过期之前一直返回同一个 token',
    },
  },
  policy: (_options, terms) => repeatingPolicy({ repeats: 'with-rest', needsToken: true }, terms),
  calls: {
    async fetch({ appId, secret, platform }, { token, signal, permit }) {
      const suite_access_token = needed(token);
      const answer = await platform.call({
        method: 'POST',
        path: '/cgi-bin/service/get_corp_token',
        endpoint: 'corp-token',
        query: { suite_access_token },
        body: { auth_corpid: appId, permanent_code: (await secret()).reveal() },
        repeatable: true,
        signal,
        permit,
      });
      return fetched(answer, 'access_token');
    },
    probe: ({ platform }, token, signal) => probeToken('wecom', platform, token, signal),
  },
});
