import { OFFICIAL } from './official.ts';
import {
  DISTORTED,
  type FamilyRules,
  QUOTA,
  REFUSED,
  type RuleTable,
  SUSPECT,
  UNAUTHORISED,
  WHITELIST,
  WRONG_SECRET,
  WRONG_TICKET,
} from './rule.ts';

/** Where a third-party platform is set up today. */
const CONSOLE = 'open.weixin.qq.com → 管理中心 → 第三方平台 → 详情';
const AGAIN = 'The daemon asks again every minute; `refresh NAME` asks at once.';
const PLATFORM_SECRET =
  `Copy the AppSecret of the third-party platform from ${CONSOLE} into its secret file, which is then tried at once; ` +
  "it is not the secret of an account that has authorised the platform, nor an account's AppID.";
const PUSH =
  'The daemon waits for the next push, which comes every 10 minutes. If none comes: see that the handler of ' +
  `授权事件接收URL (${CONSOLE} → 开发资料) answers \`success\` within 5 s and hands on the ticket of this platform, not of another one.`;
const RIVAL =
  'The daemon fetches another token of the third-party platform. If this comes back, another process fetches them with ' +
  'the same ticket: find it.';
const REAUTHORISE =
  "Have the account's admin authorise the platform again; the daemon then finds the account by itself, within an hour " +
  'or at once on `refresh NAME`. What is published stays.';
const CLEAR =
  'Daily allowances are commonly said to start anew at midnight China time (not confirmed); clear_quota/v2 of the ' +
  'third-party platform clears the counters without a token, 10 times a month.';

/** The token of the third-party platform was refused: the cure is another one, and not another token of the account. */
const DEAD_TOKEN: RuleTable = {
  40001: {
    ...SUSPECT,
    meaning: 'the token of the third-party platform is not valid (component_access_token 无效)',
    advice: RIVAL,
  },
  40014: {
    ...SUSPECT,
    meaning: 'the token of the third-party platform is not valid (component_access_token 无效)',
    advice: RIVAL,
  },
  42001: {
    ...SUSPECT,
    meaning: 'the token of the third-party platform has expired (component_access_token 过期)',
    advice: RIVAL,
  },
  42006: {
    ...SUSPECT,
    meaning: 'the token of the third-party platform has expired (component_access_token 过期)',
    advice: RIVAL,
  },
  40094: {
    ...SUSPECT,
    meaning: 'the token of the third-party platform is not valid (不合法的 component_access_token)',
    advice: RIVAL,
  },
};

/** The account that has authorised the platform, or no longer has. */
const AUTHORISATION: RuleTable = {
  61003: {
    ...UNAUTHORISED,
    meaning:
      'the account has not authorised this platform, or no longer (component is not authorized by this account)',
    advice: REAUTHORISE,
  },
  61023: {
    ...UNAUTHORISED,
    meaning: 'the refresh token of the account is not valid (refresh_token is invalid)',
    advice: `The list of accounts (api_get_authorizer_list) has no other one. ${REAUTHORISE}`,
  },
  50002: {
    ...REFUSED,
    meaning: 'the account is limited, frozen or deleted (用户受限)',
    advice: "Log in to the account's own console, read the notice there and appeal or meet its terms.",
  },
};

const EXCHANGE: RuleTable = {
  61009: {
    ...UNAUTHORISED,
    meaning: 'the authorisation code is not valid (code is invalid)',
    advice: 'A code works once and for 10 minutes. The daemon looks into the list of accounts instead.',
  },
  61010: {
    ...UNAUTHORISED,
    meaning: 'the authorisation code has expired (code is expired)',
    advice: 'A code works once and for 10 minutes. The daemon looks into the list of accounts instead.',
  },
};

const WITH_SECRET: RuleTable = {
  40001: {
    ...WRONG_SECRET,
    meaning: 'the AppSecret of the third-party platform is wrong (component_appsecret 错误)',
    advice: PLATFORM_SECRET,
  },
  40125: {
    ...WRONG_SECRET,
    meaning: 'the AppSecret of the third-party platform is not valid (component_appsecret 无效)',
    advice: `It was probably reset. ${PLATFORM_SECRET}`,
  },
};

/**
 * Third parties of the Open Platform (开放平台第三方平台), from the pages of its calls, the troubleshooting guide and the
 * list of return codes that a library keeps (docs/wechat-facts.md, Error codes). What is not told here is as for accounts.
 */
export const OPEN_PLATFORM: FamilyRules = {
  ...OFFICIAL,
  any: {
    ...OFFICIAL.any,
    40013: {
      ...REFUSED,
      meaning: 'the AppID of the third-party platform is not valid (component_appid 不合法)',
      advice: `Compare appId of the component with ${CONSOLE}: is it the AppID of an account?`,
    },
    41018: {
      ...REFUSED,
      meaning: 'the AppID of the third-party platform is missing (缺少 component_appid)',
      advice: DISTORTED,
    },
    41021: {
      ...REFUSED,
      meaning: 'the token of the third-party platform is missing (缺少 component_access_token)',
      advice: DISTORTED,
    },
    48001: {
      ...REFUSED,
      meaning: 'the platform, or the account, has no right to this API (api 未授权)',
      advice: `Check in ${CONSOLE} which permission sets the platform has, and which ones the account has granted.`,
    },
    61004: {
      ...WHITELIST,
      meaning: '{ip} is not registered for the third-party platform (access clientip is not registered)',
      advice:
        `Add {ip} to the platform's own list (白名单IP列表, ${CONSOLE} → 开发资料), not to that of an account; it takes ` +
        `5 to 10 minutes to apply. ${AGAIN}`,
    },
    61007: {
      ...REFUSED,
      meaning: 'the account has not granted this permission set (api is unauthorized to component)',
      advice: 'Have the account grant it: the token is not at fault.',
    },
    61011: {
      ...REFUSED,
      meaning: 'there is no third-party platform with this AppID (component is not exist)',
      advice: `Compare appId of the component with ${CONSOLE}.`,
    },
    61014: {
      ...REFUSED,
      meaning: 'the call takes the token of the third-party platform (must use component token)',
      advice: DISTORTED,
    },
    61015: {
      ...REFUSED,
      meaning: 'the call takes the token of an account, not of the third-party platform (must use api token)',
      advice: 'A reader took the wrong file.',
    },
    61028: {
      ...REFUSED,
      meaning: 'the third-party platform is not published (component not release)',
      advice: `Publish it in ${CONSOLE} (全网发布), or use the accounts of the test configuration.`,
    },
  },

  'component-token': {
    ...WITH_SECRET,
    40091: {
      ...WRONG_TICKET,
      meaning: 'the pushed ticket is not valid (component_verify_ticket 无效)',
      advice: PUSH,
    },
    61005: {
      ...WRONG_TICKET,
      meaning: 'the pushed ticket has expired (component ticket is expired)',
      advice: PUSH,
    },
    61006: {
      ...WRONG_TICKET,
      meaning: 'the pushed ticket is not valid (component ticket is invalid)',
      advice: PUSH,
    },
    61058: {
      ...WRONG_TICKET,
      meaning: 'the pushed ticket is not valid (component ticket is invalid)',
      advice: PUSH,
    },
    45009: {
      ...QUOTA,
      meaning: 'the daily allowance of tokens of the third-party platform is used up (接口调用超过限制)',
      advice: CLEAR,
    },
  },

  'start-push': {
    ...WITH_SECRET,
    45009: {
      ...QUOTA,
      meaning: 'the daily allowance of this call is used up (接口调用超过限制)',
      advice: CLEAR,
    },
  },

  'query-auth': { ...DEAD_TOKEN, ...AUTHORISATION, ...EXCHANGE },

  'authorizer-token': {
    ...DEAD_TOKEN,
    ...AUTHORISATION,
    45009: {
      ...QUOTA,
      meaning: 'the daily allowance of tokens of this account is used up (接口调用超过限制)',
      advice: `Who else refreshes this account through the platform? ${CLEAR}`,
    },
  },

  'authorizer-list': {
    ...DEAD_TOKEN,
    ...AUTHORISATION,
    40170: {
      ...REFUSED,
      meaning: 'the list was asked for in a wrong way (offset 或 count 不合法)',
      advice: DISTORTED,
    },
  },
};
