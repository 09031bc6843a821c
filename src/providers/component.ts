import { HOUR, MINUTE, SECOND } from '../core/time.ts';
import { APP_ID, credentialKind, type PushedKind } from './kind.ts';
import { OFFICIAL } from './official.ts';
import { fetched, probeToken } from './platform.ts';
import { isUsedUp, queryAuth } from './query-auth.ts';
import { neededTicket } from './third-party.ts';

/** How long before its end a token is replaced, ms: the page advises 1 h 50 min of the 2 h. */
const AHEAD = 10 * MINUTE;

/** The ticket of the Open Platform: pushed every 10 minutes, with irregular gaps (docs/wechat-facts.md, Third parties). */
const VERIFY_TICKET: PushedKind = {
  name: 'component_verify_ticket',
  dialect: 'open-platform',
  life: 12 * HOUR,
  pushes: { quietAfter: 30 * MINUTE, endingAfter: 11 * HOUR, canStart: true },
  shape: /^ticket@@@[\w-]{86}$/,
};

/**
 * The token of a third-party platform (第三方平台) of the Open Platform. Several tokens are said to live at once, and
 * frequent fetches to end older ones: so it is treated like an `access-token`, of which every fetch kills the one before.
 * Without a ticket that the platform has pushed nothing can be fetched. See docs/wechat-facts.md, Third parties.
 */
export const component = credentialKind({
  ...OFFICIAL,
  type: 'component',
  summary: 'a third-party platform of the Open Platform, with the ticket that WeChat pushes to it',
  family: 'open-platform',
  id: APP_ID,
  tickets: [],
  perSecret: false,
  pushed: VERIFY_TICKET,
  options: {},
  timing: {
    none: {
      en: 'a component is replaced 10 min before its end',
      zh: 'component 在过期前 10 分钟更换',
    },
  },
  policy: (_options, { budget }) => ({
    destructive: true,
    window: AHEAD,
    needsToken: false,
    windowShrinks: true,
    spread: 54 * SECOND,
    overlap: 5 * MINUTE,
    budget,
    manual: 'ordinary',
    refusalForces: false,
    pushes: VERIFY_TICKET.pushes,
  }),
  calls: {
    async fetch({ appId, secret, platform }, { pushed, signal, permit }) {
      const component_verify_ticket = neededTicket(pushed);
      const answer = await platform.call({
        method: 'POST',
        path: '/cgi-bin/component/api_component_token',
        endpoint: 'component-token',
        body: {
          component_appid: appId,
          component_appsecret: (await secret()).reveal(),
          component_verify_ticket,
        },
        repeatable: false,
        signal,
        permit,
      });
      return fetched(answer, 'component_access_token');
    },
    async startPushes({ appId, secret, platform }, { signal, permit }) {
      await platform.call({
        method: 'POST',
        path: '/cgi-bin/component/api_start_push_ticket',
        endpoint: 'start-push',
        // The secret has another name in each of the calls that take it.
        body: { component_appid: appId, component_secret: (await secret()).reveal() },
        repeatable: true,
        signal,
        permit,
      });
    },
    async exchangeCode({ appId, platform }, { code, token, signal }) {
      try {
        await queryAuth({ platform, component: appId, token, code, signal, permit: undefined });
        return 'exchanged';
      } catch (error) {
        if (isUsedUp(error)) return 'used';
        throw error;
      }
    },
    probe: ({ platform }, token, signal) => probeToken('open-platform', platform, token, signal),
  },
});
