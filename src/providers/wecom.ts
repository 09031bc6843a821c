import { type CredentialKind, credentialKind, repeatingPolicy } from './kind.ts';
import { fetched, probeToken } from './platform.ts';

/** What all token types of WeCom have in common. */
export const WECOM = {
  family: 'wecom',
  id: {
    key: 'corpId',
    label: 'CorpID',
    description: 'CorpID, for wecom; of the provider for wecom-provider.',
  },
  hosts: ['https://qyapi.weixin.qq.com'],
  ownHosts: /^qyapi\.weixin\.qq\.com$/,
  idWarning: (id) =>
    /^wx/.test(id)
      ? {
          en: 'it looks like the AppID of an official account (wx…); a CorpID begins with ww, but for corps from before WeCom',
          zh: '看起来是公众号的 AppID（wx…）；企业ID（CorpID）以 ww 开头，企业微信推出之前的企业除外',
        }
      : undefined,
  secretShape: { allowed: /[\w-]/, words: { en: 'A-Z, a-z, 0-9, - and _', zh: 'A-Z、a-z、0-9、- 和 _' } },
} as const satisfies Pick<
  CredentialKind,
  'family' | 'id' | 'hosts' | 'ownHosts' | 'idWarning' | 'secretShape'
>;

/**
 * The token of one app of a corp. While it is alive, every call returns the same token with its remaining lifetime in
 * seconds; after its end, a call returns the next one. So fetching early gains nothing, and a lost answer loses
 * nothing. See docs/wechat-facts.md, WeCom tokens.
 */
export const wecom = credentialKind({
  ...WECOM,
  type: 'wecom',
  summary: 'an app of a corp',
  tickets: ['corp_jsapi', 'agent_config'],
  // The AppSecret distinguishes the apps of a corp.
  perSecret: true,
  options: {},
  timing: {
    none: {
      en: 'a token of wecom repeats until it ends',
      zh: 'wecom 在过期之前一直返回同一个 token',
    },
  },
  policy: (_options, terms) => repeatingPolicy({ repeats: 'with-rest', needsToken: false }, terms),
  calls: {
    async fetch({ appId, secret, platform }, { signal, permit }) {
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
    probe: ({ platform }, token, signal) => probeToken('wecom', platform, token, signal),
  },
});
