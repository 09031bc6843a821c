import { MINUTE, SECOND } from '../core/time.ts';
import { oddity } from '../schema/odd-text.ts';
import { APP_ID, credentialKind } from './kind.ts';
import { fetched } from './platform.ts';

/**
 * Rotation window, in ms. The platform hands out the next token in the last 60 s of the current one, and both work until
 * that one ends (docs/wechat-facts.md, QQ bots).
 */
const WINDOW = MINUTE;

/**
 * The token of a QQ bot (QQ机器人). While it lives every call returns the same one; in its last 60 s a call returns the
 * next one. Nothing can be forced and a lost answer loses nothing. See docs/wechat-facts.md, QQ bots.
 */
export const qqBot = credentialKind({
  type: 'qq-bot',
  summary: 'a QQ bot, whose readers must read again within a minute',
  family: 'qq',
  id: APP_ID,
  hosts: ['https://bots.qq.com'],
  ownHosts: /^bots\.qq\.com$/,
  tickets: [],
  perSecret: false,
  // The host has no other call that is known. Without a bot it can only be refused.
  greeting: { method: 'POST', path: '/app/getAppAccessToken', endpoint: 'token', body: {} },
  options: {},
  timing: {
    none: {
      en: 'a qq-bot is replaced in its last minute, when the platform hands out the next token',
      zh: 'qq-bot 在最后一分钟更换，平台那时才给出下一个 token',
    },
  },
  idWarning: (id) => oddity(id, { allowed: /\d/, words: { en: 'digits', zh: '数字' } }),
  policy: (_options, { budget }) => ({
    destructive: false,
    window: WINDOW,
    needsToken: false,
    windowShrinks: false,
    spread: 5 * SECOND,
    overlap: WINDOW,
    budget,
    manual: 'ordinary',
    refusalForces: false,
  }),
  calls: {
    async fetch({ appId, secret, platform }, { signal, permit }) {
      const answer = await platform.call({
        method: 'POST',
        path: '/app/getAppAccessToken',
        endpoint: 'token',
        body: { appId, clientSecret: (await secret()).reveal() },
        repeatable: true,
        signal,
        permit,
      });
      return fetched(answer, 'access_token');
    },
    // No cheap call is known that takes it.
    probe: async () => ({ works: true }),
  },
});
