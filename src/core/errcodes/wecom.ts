import {
  BLOCKED,
  CROWDED,
  DISTORTED,
  type FamilyRules,
  REFUSED,
  SLOW,
  SUSPECT,
  WHITELIST,
  WITHDRAWN,
  WRONG_CORP_SECRET,
  WRONG_PARAMETERS,
} from './rule.ts';

const APPS = 'the WeCom admin console (管理后台 → 应用管理)';
const PATIENCE = 'Retries are slow on purpose: 2000 failing calls in an hour block gettoken for an hour.';
const RENEWED = 'WeCom may end a token early; a new one is the cure.';
const ELSEWHERE = 'This code is not one of the token and ticket calls: check the configured base URL.';

/**
 * WeCom (企业微信), from the global error codes (全局错误码), the pages of gettoken and of the ticket calls and the
 * page on access frequency. Its numbers look like the official accounts' and often mean something else.
 */
export const WECOM: FamilyRules = {
  any: {
    // The page asks for three tries at most, so the quick ones end soon.
    [-1]: { ...SLOW, meaning: 'the platform is busy (系统繁忙)' },
    45009: {
      ...BLOCKED,
      meaning: 'called too often (接口调用超过限制)',
      advice:
        "The block lasts as long as the limit's window: a minute, an hour, the day or 30 days. Look for others that " +
        'call with this corp or from this IP address; some blocks can be lifted at ' +
        'open.work.weixin.qq.com/wwopen/devtool/checkCorpSpamBlock.',
    },
    45033: { ...CROWDED, meaning: 'too many calls at one time (并发调用超过限制)' },
    60020: {
      ...WHITELIST,
      meaning: '{ip} is not a trusted IP address of this app (不安全的访问IP)',
      advice:
        `Add {ip} to the app's trusted IPs (企业可信IP) in ${APPS}, after a trusted domain or a callback URL ` +
        'has been set; it takes about a minute to apply. The daemon asks again every minute; `refresh NAME` asks at once.',
    },
    50003: {
      ...WITHDRAWN,
      meaning: 'the app is disabled (应用已停用)',
      advice: `Enable the app in ${APPS}.`,
    },
    48004: {
      ...WITHDRAWN,
      meaning: 'the authorisation is invalid or cancelled (授权关系无效)',
      advice: 'Have the corp authorise the app again.',
    },
    40084: {
      ...WRONG_CORP_SECRET,
      meaning: 'the permanent code is invalid or cancelled (永久授权码无效)',
      advice: 'Have the corp authorise the app again and configure the new secret.',
    },
    48002: {
      ...WITHDRAWN,
      meaning: 'the app has no right to this API (API接口无权限)',
      advice: `Check in ${APPS} which app the secret belongs to and what it may call.`,
    },
    48006: {
      ...WITHDRAWN,
      meaning: 'the permission was withdrawn after long disuse (长期未使用)',
      advice: `Grant the permission again in ${APPS}.`,
    },
    40125: { ...REFUSED, meaning: 'an open_userid problem, not the secret (openuserid)', advice: ELSEWHERE },
    42007: { ...REFUSED, meaning: 'a pre-authorisation code has expired (预授权码)', advice: ELSEWHERE },
    50001: { ...REFUSED, meaning: 'a redirect domain is not trusted (可信域名)', advice: ELSEWHERE },
    50002: { ...REFUSED, meaning: "a member is outside the app's scope (可见范围)", advice: ELSEWHERE },
  },

  token: {
    40001: {
      ...WRONG_CORP_SECRET,
      meaning: 'the secret is wrong (不合法的secret)',
      advice: `Copy the secret of this very app from ${APPS}. ${PATIENCE}`,
    },
    40013: {
      ...WRONG_PARAMETERS,
      meaning: 'the corpid is wrong (不合法的CorpID)',
      advice: `Copy the corpid (企业ID) from the WeCom admin console (我的企业). ${PATIENCE}`,
    },
    40091: {
      ...WRONG_CORP_SECRET,
      meaning: 'the secret belongs to another corp (secret不合法)',
      advice: `Configure the corpid and the secret of one and the same corp. ${PATIENCE}`,
    },
    41002: { ...WRONG_PARAMETERS, meaning: 'the corpid is missing (缺少corpid)', advice: DISTORTED },
    41004: {
      ...WRONG_CORP_SECRET,
      meaning: 'the secret is missing (缺少secret)',
      advice: `Check that the configured secret is not empty. ${DISTORTED}`,
    },
  },

  ticket: {
    // No secret travels with a ticket call, so only the token can be meant.
    40001: { ...SUSPECT, meaning: 'the token is not valid (不合法的凭证)', advice: RENEWED },
    40014: { ...SUSPECT, meaning: 'the token is not valid (不合法的access_token)', advice: RENEWED },
    42001: { ...SUSPECT, meaning: 'the token has expired (access_token已过期)', advice: RENEWED },
    40093: { ...SLOW, meaning: 'the ticket is invalid or has expired (jsapi_ticket无效)' },
    42012: { ...SLOW, meaning: 'the ticket cannot be used (ticket不可用)' },
    41001: { ...REFUSED, meaning: 'the token is missing (缺少access_token)', advice: DISTORTED },
    301002: {
      ...REFUSED,
      meaning: 'the token is that of another app (无权限操作指定的应用)',
      advice: `Every app has its own secret and token: check in ${APPS} whose secret is configured.`,
    },
  },

  unknown: {
    ...SLOW,
    meaning: 'is not a code this program knows',
    advice:
      'Look it up at https://open.work.weixin.qq.com/devtool/query?e={errcode}, with the hint or rid of the answer.',
  },
};
