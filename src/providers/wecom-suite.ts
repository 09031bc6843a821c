import { MINUTE } from '../core/time.ts';
import { credentialKind, type PushedKind, repeatingPolicy } from './kind.ts';
import { fetched } from './platform.ts';
import { neededTicket } from './third-party.ts';
import { WECOM } from './wecom.ts';

/** The ticket of a suite: pushed every 10 to 15 minutes, and dead after 30 (docs/wechat-facts.md, Third parties). */
const SUITE_TICKET: PushedKind = {
  name: 'suite_ticket',
  dialect: 'work-weixin',
  life: 30 * MINUTE,
  // There is no call that starts pushes: only a button of the console.
  pushes: { quietAfter: 20 * MINUTE, endingAfter: 28 * MINUTE, canStart: false },
};

/**
 * The token of a suite, a third-party app (第三方应用) of WeCom. While it lives, every call returns the same token, as for
 * an app. Without a ticket that the platform has pushed nothing can be fetched. See docs/wechat-facts.md, Third parties.
 */
export const wecomSuite = credentialKind({
  ...WECOM,
  type: 'wecom-suite',
  summary: 'a third-party app of WeCom, with the ticket that WeCom pushes to it',
  family: 'wecom-service',
  id: { key: 'suiteId', label: 'SuiteID', description: 'SuiteID of the third-party app, for wecom-suite.' },
  idWarning: (id) =>
    /^(ww|wx|dk|tj)/.test(id)
      ? undefined
      : {
          en: 'a SuiteID begins with ww, wx, dk or tj, as far as is known',
          zh: '据目前所知，SuiteID 以 ww、wx、dk 或 tj 开头',
        },
  tickets: [],
  perSecret: false,
  pushed: SUITE_TICKET,
  options: {},
  timing: {
    none: {
      en: 'a token of wecom-suite repeats until it ends',
      zh: 'wecom-suite 在过期之前一直返回同一个 token',
    },
  },
  policy: (_options, terms) => ({
    ...repeatingPolicy({ repeats: 'with-rest', needsToken: false }, terms),
    pushes: SUITE_TICKET.pushes,
  }),
  provider: ({ appId, secret, platform }) => ({
    async fetch({ pushed, signal, permit }) {
      const suite_ticket = neededTicket(pushed);
      const answer = await platform.call({
        method: 'POST',
        path: '/cgi-bin/service/get_suite_token',
        endpoint: 'suite-token',
        body: { suite_id: appId, suite_secret: (await secret()).reveal(), suite_ticket },
        repeatable: true,
        signal,
        permit,
      });
      return fetched(answer, 'suite_access_token');
    },
    // No cheap call is known that takes it.
    probe: async () => ({ works: true }),
  }),
});
