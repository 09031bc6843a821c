import { credentialKind, repeatingPolicy } from './kind.ts';
import { fetched } from './platform.ts';
import { WECOM } from './wecom.ts';

/**
 * The token of a service provider (服务商) of WeCom, for calls about its own corp and for opening encrypted corpids.
 * While it lives, every call returns the same token, as for an app. See docs/wechat-facts.md, WeCom tokens.
 */
export const wecomProvider = credentialKind({
  ...WECOM,
  type: 'wecom-provider',
  summary: 'a service provider of WeCom',
  family: 'wecom-service',
  tickets: [],
  perSecret: false,
  options: {},
  timing: {
    none: {
      en: 'a token of wecom-provider repeats until it ends',
      zh: 'wecom-provider 在过期之前一直返回同一个 token',
    },
  },
  policy: (_options, terms) => repeatingPolicy({ repeats: 'with-rest', needsToken: false }, terms),
  calls: {
    async fetch({ appId, secret, platform }, { signal, permit }) {
      const answer = await platform.call({
        method: 'POST',
        path: '/cgi-bin/service/get_provider_token',
        endpoint: 'token',
        body: { corpid: appId, provider_secret: (await secret()).reveal() },
        repeatable: true,
        signal,
        permit,
      });
      return fetched(answer, 'provider_access_token');
    },
    // No cheap call is known that takes it.
    probe: async () => ({ works: true }),
  },
});
