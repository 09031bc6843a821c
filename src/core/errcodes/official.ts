import {
  BLOCKED,
  BUSY,
  CONFIRMATION,
  DECLINED_ONCE,
  DECLINED_TWICE,
  DISTORTED,
  type FamilyRules,
  FREQUENCY,
  QUOTA,
  REFUSED,
  type RuleTable,
  SLOW,
  SUSPECT,
  WHITELIST,
  WRONG_SECRET,
} from './rule.ts';

const SETTINGS = "the account's developer settings (基本配置 or 开发设置)";
const AGAIN = 'The daemon asks again every minute; `refresh NAME` asks at once.';
const CONFIRM =
  "The account's admin must agree in the template message that WeChat has sent to the admin's WeChat; " +
  'a refusal blocks this IP address for an hour, a second one for a day.';

const REGISTER = {
  ...WHITELIST,
  advice:
    `Add {ip} to the IP whitelist (IP白名单) in ${SETTINGS}; it takes 5 to 10 minutes to apply. ` +
    `The code-upload whitelist (代码上传白名单) of mini programs is another list. ${AGAIN}`,
};

/**
 * Who may call, and from where: the IP whitelist, which is also checked for calls that carry a token, and the
 * confirmation that the platform asks of the admin for a call it finds risky (IP whitelist page, developer guide).
 */
const CALLER_RULES: RuleTable = {
  40164: { ...REGISTER, meaning: '{ip} is not on the IP whitelist (IP不在白名单)' },
  40090: { ...REGISTER, meaning: 'calls from {ip} are not accepted (请求来源IP不合法)' },
  40187: { ...REGISTER, meaning: 'calls from {ip} are not accepted (IP不合法)' },
  45032: { ...REGISTER, meaning: '{ip} is not an address allowed for this account (非白名单内IP)' },
  45035: { ...REGISTER, meaning: '{ip} is not registered for this account (IP未登记)' },
  61004: { ...REGISTER, meaning: '{ip} is not registered for this account (IP未登记)' },

  89501: {
    ...CONFIRMATION,
    meaning: 'a confirmation is still unanswered (有未处理的确认请求)',
    advice: CONFIRM,
  },
  89502: { ...CONFIRMATION, meaning: 'waiting for the admin (等待管理员确认)', advice: CONFIRM },
  89503: { ...CONFIRMATION, meaning: 'the admin must confirm this call (需要管理员确认)', advice: CONFIRM },
  89504: { ...CONFIRMATION, meaning: 'waiting for the admin (等待管理员确认)', advice: CONFIRM },
  89505: { ...CONFIRMATION, meaning: 'waiting for the admin (等待管理员确认)', advice: CONFIRM },
  89506: {
    ...DECLINED_TWICE,
    meaning: 'the admin refused this IP address twice: blocked for 24 hours (24小时后再试)',
    advice: 'Speak to the admin before the next request, 24 hours from now, and have it accepted then.',
  },
  89507: {
    ...DECLINED_ONCE,
    meaning: 'the admin refused this IP address: blocked for 1 hour (1小时后再试)',
    advice: 'Speak to the admin: a second refusal within a day blocks this address for 24 hours.',
  },
};

const APPEAL = "Log in to the account's console, read the notice there and appeal or meet its terms.";
const RESET = 'Daily allowances are commonly said to start anew at midnight China time (not confirmed).';
const RIVAL =
  'A new token is the cure. If this comes back, another process is fetching tokens for this AppID: ' +
  'find it, or move every one to stable-token.';
const USER_ONLY = 'This code is about a user, not about this credential: check the configured base URL.';

/**
 * Official accounts, mini programs and their kin, from the return codes on the pages of the two token endpoints and
 * of getticket, the developer guide, the IP whitelist page and the platform's general list of return codes.
 */
export const OFFICIAL: FamilyRules = {
  any: {
    ...CALLER_RULES,

    [-1]: { ...BUSY, meaning: 'the platform is busy (系统繁忙)' },
    [-1000]: { ...BUSY, meaning: 'the platform failed (系统错误)' },
    9001002: { ...BUSY, meaning: 'a service behind the platform is unavailable (远端服务不可用)' },
    9299999: { ...BUSY, meaning: 'the platform failed inside (后台逻辑错误)' },

    40013: {
      ...REFUSED,
      meaning: 'the AppID is not valid (AppID 不合法)',
      advice: "Compare appId with the console: upper and lower case, blanks, another account's.",
    },
    40125: {
      ...WRONG_SECRET,
      meaning: 'the AppSecret is not valid (AppSecret 无效)',
      advice: `The AppSecret was probably reset. Put the new one from ${SETTINGS} into the secret file, which is then tried at once.`,
    },
    40243: {
      ...WRONG_SECRET,
      meaning: 'the AppSecret is frozen (AppSecret 已被冻结)',
      advice: `Unfreeze the AppSecret in ${SETTINGS}; it takes about 10 minutes to apply. ${AGAIN}`,
    },
    41002: { ...REFUSED, meaning: 'the AppID is missing (缺少 appid)', advice: DISTORTED },
    41004: {
      ...WRONG_SECRET,
      meaning: 'the AppSecret is missing (缺少 secret)',
      advice: `Check that the configured secret is not empty. ${DISTORTED}`,
    },
    61024: {
      ...REFUSED,
      meaning: 'the AppID is that of a third-party platform (第三方平台)',
      advice:
        'Configure it as type component, with a ticket; or give the AppID and AppSecret of the official account or mini ' +
        'program itself.',
    },

    45011: { ...FREQUENCY, meaning: 'too many calls within a minute (调用太频繁)' },
    45040: { ...QUOTA, meaning: 'the allowance of the month is used up (月额度)' },
    45104: { ...QUOTA, meaning: 'the allowance of this domain is used up (域名额度)' },
    48006: { ...QUOTA, meaning: 'the allowance of quota clearings is used up (清零次数达上限)' },
    45102: { ...BLOCKED, meaning: 'the API is blocked for a time (接口暂时封禁)', advice: APPEAL },

    48001: {
      ...REFUSED,
      meaning: 'the account has no right to this API (api 未授权)',
      advice: 'Check in the console which APIs this kind of account, verified or not, may call.',
    },
    48004: { ...REFUSED, meaning: 'the API is banned for this account (接口被封禁)', advice: APPEAL },
    50002: { ...REFUSED, meaning: 'the account is limited, frozen or deleted (用户受限)', advice: APPEAL },
    50003: {
      ...REFUSED,
      meaning: 'the account is not on a list of admitted ones (不在白名单)',
      advice: APPEAL,
    },
    50004: { ...REFUSED, meaning: 'the account may not fetch tokens (禁止使用 token 接口)', advice: APPEAL },
    50007: { ...REFUSED, meaning: 'the account is frozen (账号已冻结)', advice: APPEAL },
    42007: { ...REFUSED, meaning: 'a user changed the WeChat password (用户修改密码)', advice: USER_ONLY },
    50001: { ...REFUSED, meaning: 'a user has not granted this API (用户未授权该 api)', advice: USER_ONLY },

    40002: { ...REFUSED, meaning: 'the grant_type is wrong (凭证类型不合法)', advice: DISTORTED },
    43001: { ...REFUSED, meaning: 'the call must be a GET (需要 GET)', advice: DISTORTED },
    43002: { ...REFUSED, meaning: 'the call must be a POST (需要 POST)', advice: DISTORTED },
    43003: { ...REFUSED, meaning: 'the call must use HTTPS (需要 HTTPS)', advice: DISTORTED },
    44002: { ...REFUSED, meaning: 'the body was empty (POST 为空)', advice: DISTORTED },
    47001: { ...REFUSED, meaning: 'the body could not be read (解析 JSON/XML 错误)', advice: DISTORTED },
  },

  token: {
    40001: {
      ...WRONG_SECRET,
      meaning: 'the AppSecret is wrong, or that of another AppID (AppSecret 错误)',
      advice: `Compare the secret and the AppID with ${SETTINGS}: blanks, a mixed-up account, an old secret.`,
    },
    45009: {
      ...QUOTA,
      meaning: 'the daily allowance of token calls is used up (接口调用超过限制)',
      advice:
        `${RESET} An access-token credential should become stable-token, which has its own, larger one; ` +
        'clear_quota/v2 clears the counters without a token, 10 times a month.',
    },
  },

  ticket: {
    40001: {
      ...SUSPECT,
      meaning: 'the token is invalid or not the newest (非最新 access_token)',
      advice: RIVAL,
    },
    40014: { ...SUSPECT, meaning: 'the token is not valid (不合法的 access_token)', advice: RIVAL },
    42001: { ...SUSPECT, meaning: 'the token has expired (access_token 超时)', advice: RIVAL },
    48012: { ...SUSPECT, meaning: 'the token is not valid (token 无效)', advice: RIVAL },
    89256: { ...SUSPECT, meaning: "the token's data are wrong (token 信息有误)", advice: RIVAL },
    41001: { ...REFUSED, meaning: 'the token is missing (缺少 access_token)', advice: DISTORTED },
    45009: {
      ...QUOTA,
      meaning: 'the daily allowance of this call is used up (接口调用超过限制)',
      advice: `${RESET} Look for other processes that fetch tickets; clear_quota clears the counters.`,
    },
  },

  unknown: {
    ...SLOW,
    meaning: 'is not a code this program knows',
    advice:
      "Look {errcode} up in the platform's list of return codes (全局返回码), and the rid, if the answer " +
      'carried one, with openapi/rid/get within 7 days.',
  },
};
