import { isPlausible, oddAnswer } from '../core/credential.ts';
import { failureOf } from '../core/failure.ts';
import { isCorpId, type ObtainedCode } from '../core/permanent-code.ts';
import { Secret } from '../core/secret.ts';
import { MINUTE } from '../core/time.ts';
import { credentialKind, type PushedKind, repeatingPolicy } from './kind.ts';
import { fetched } from './platform.ts';
import { needed, neededTicket } from './third-party.ts';
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
  calls: {
    async fetch({ appId, secret, platform }, { pushed, signal, permit }) {
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
    async obtainPermanentCode({ platform }, { code, token, signal, permit }) {
      try {
        const { body } = await platform.call({
          method: 'POST',
          path: '/cgi-bin/service/v2/get_permanent_code',
          endpoint: 'query-auth',
          query: { suite_access_token: needed(token) },
          body: { auth_code: code.reveal() },
          repeatable: false,
          signal,
          permit,
        });
        return obtained(body);
      } catch (error) {
        if (USED_UP.has(failureOf(error, 'unknown').errcode)) return 'used';
        throw error;
      }
    },
    // No cheap call is known that takes it.
    probe: async () => ({ works: true }),
  },
});

/** The authorisation code is none, or has been used (docs/wechat-facts.md, Error codes). */
const USED_UP: ReadonlySet<number | undefined> = new Set([40058, 40078]);

/**
 * Reads the permanent code and the corp out of an answer, which has no access token
 * (https://developer.work.weixin.qq.com/document/path/100776, 2025-05-21).
 * @throws {EdgeError} `odd-answer` for anything else: what it holds cannot be kept
 */
function obtained(body: unknown): ObtainedCode {
  const { permanent_code: code, auth_corp_info: corp } = (body ?? {}) as Readonly<Record<string, unknown>>;
  const { corpid: corpId } = (corp ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof code !== 'string') throw oddAnswer({ en: 'has no permanent_code', zh: '没有 permanent_code' });
  if (!isPlausible(code))
    throw oddAnswer({
      en: 'has a permanent_code of a length or alphabet that cannot be one',
      zh: '里的 permanent_code 长度或字符不可能是真的',
    });
  if (typeof corpId !== 'string')
    throw oddAnswer({ en: 'has no auth_corp_info.corpid', zh: '没有 auth_corp_info.corpid' });
  if (!isCorpId(corpId))
    throw oddAnswer({
      en: 'has a corpid with other characters than letters, digits, - and _: no file is named after it',
      zh: '里的 corpid 含有字母、数字、- 和 _ 以外的字符：不用它作文件名',
    });
  return { corpId, value: new Secret(code) };
}
