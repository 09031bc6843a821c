import { en, type Text, verbatim, zh } from '../text.ts';
import { OFFICIAL } from './official.ts';
import {
  AGAIN,
  DISTORTED,
  type ErrcodeRule,
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

/** Where a third-party platform is set up today (docs/wechat-facts.md, Consoles). */
const CONSOLE: Text = {
  en: 'open.weixin.qq.com → 管理中心 → 第三方平台 → 详情',
  zh: '微信开放平台（open.weixin.qq.com → 管理中心 → 第三方平台 → 详情）',
};
const MATERIAL = verbatim('open.weixin.qq.com → 管理中心 → 第三方平台 → 详情 → 开发配置 → 开发资料');
const PLATFORM_SECRET: Text = {
  en: en`Copy the AppSecret of the third-party platform from ${CONSOLE} into its secret file, which is then tried at once; it is not the secret of an account that has authorised the platform, nor an account's AppID.`,
  zh: zh`从${CONSOLE}把第三方平台的 AppSecret 复制到它的文件，程序会立即尝试；它不是授权账号的 AppSecret，也不是账号的 AppID。`,
};
const PUSH: Text = {
  en: en`The daemon waits for the next push, which comes every 10 minutes. If none comes: see that the handler of 授权事件接收URL (${MATERIAL}) answers \`success\` within 5 s and hands on the ticket of this platform, not of another one.`,
  zh: zh`守护进程等待下一次推送，每 10 分钟一次。如果一直没有：检查授权事件接收URL（${MATERIAL}）的处理程序是否在 5 秒内应答 \`success\`，并且转交的是这个平台而不是另一个平台的 ticket。`,
};
const RIVAL: Text = {
  en:
    'The daemon fetches another token of the third-party platform. If this comes back, another process fetches them with ' +
    'the same ticket. Find it.',
  zh: '守护进程会换取新的 component_access_token。如果反复出现，说明另有进程在用同一个 ticket 获取：找到它。',
};
const REAUTHORISE: Text = {
  en:
    "Have the account's admin authorise the platform again; the daemon then finds the account by itself, within 72 minutes " +
    'or at once on `refresh NAME`. What is published stays.',
  zh: '请账号的管理员重新授权给第三方平台；之后守护进程会在 72 分钟内自己发现该账号，`refresh NAME` 则立即发现。已发布的内容保持不变。',
};
const CLEAR: Text = {
  en:
    'Daily allowances are commonly said to start anew at midnight China time (not confirmed); clear_quota/v2 of the ' +
    'third-party platform clears the counters without a token, 10 times a month.',
  zh: '通常认为每日额度在北京时间零点重置（未经证实）；第三方平台的 clear_quota/v2 不需要 token 就能清零，每月 10 次。',
};

/** The token of the third-party platform was refused: the cure is another one, and not another token of the account. */
const DEAD_TOKEN: RuleTable = {
  40001: {
    ...SUSPECT,
    meaning: {
      en: 'the token of the third-party platform is not valid (component_access_token 无效)',
      zh: '第三方平台的 component_access_token 无效',
    },
    advice: RIVAL,
  },
  40014: {
    ...SUSPECT,
    meaning: {
      en: 'the token of the third-party platform is not valid (component_access_token 无效)',
      zh: '第三方平台的 component_access_token 无效',
    },
    advice: RIVAL,
  },
  42001: {
    ...SUSPECT,
    meaning: {
      en: 'the token of the third-party platform has expired (component_access_token 过期)',
      zh: '第三方平台的 component_access_token 已过期',
    },
    advice: RIVAL,
  },
  42006: {
    ...SUSPECT,
    meaning: {
      en: 'the token of the third-party platform has expired (component_access_token 过期)',
      zh: '第三方平台的 component_access_token 已过期',
    },
    advice: RIVAL,
  },
  40094: {
    ...SUSPECT,
    meaning: {
      en: 'the token of the third-party platform is not valid (不合法的 component_access_token)',
      zh: '第三方平台的 component_access_token 不合法',
    },
    advice: RIVAL,
  },
};

const NOT_AUTHORISED: ErrcodeRule = {
  ...UNAUTHORISED,
  meaning: {
    en: 'the account has not authorised this platform, or no longer (component is not authorized by this account)',
    zh: '该账号没有授权给这个第三方平台，或已取消授权',
  },
  advice: REAUTHORISE,
};

const BAD_REFRESH_TOKEN: ErrcodeRule = {
  ...UNAUTHORISED,
  meaning: {
    en: 'the refresh token of the account is not valid (refresh_token is invalid)',
    zh: '该账号的 refresh_token 无效',
  },
  advice: {
    en: en`The list of accounts (api_get_authorizer_list) has no other one. ${REAUTHORISE}`,
    zh: zh`账号列表（api_get_authorizer_list）里也没有别的。${REAUTHORISE}`,
  },
};

/** The account that has authorised the platform, or no longer has. */
const AUTHORISATION: RuleTable = {
  61003: NOT_AUTHORISED,
  61023: BAD_REFRESH_TOKEN,
  50002: {
    ...REFUSED,
    meaning: { en: 'the account is limited, frozen or deleted (用户受限)', zh: '账号受限、被冻结或已注销' },
    advice: {
      en: "Log in to the account's own console, read the notice there and appeal or meet its terms.",
      zh: '登录该账号自己的后台，查看通知，按要求整改或申诉。',
    },
  },
};

const EXCHANGE: RuleTable = {
  61009: {
    ...UNAUTHORISED,
    meaning: { en: 'the authorisation code is not valid (code is invalid)', zh: '授权码无效' },
    advice: {
      en: 'A code works once and for 10 minutes. The daemon looks into the list of accounts instead.',
      zh: '授权码只能用一次，10 分钟内有效。守护进程改为查询账号列表。',
    },
  },
  61010: {
    ...UNAUTHORISED,
    meaning: { en: 'the authorisation code has expired (code is expired)', zh: '授权码已过期' },
    advice: {
      en: 'A code works once and for 10 minutes. The daemon looks into the list of accounts instead.',
      zh: '授权码只能用一次，10 分钟内有效。守护进程改为查询账号列表。',
    },
  },
};

const WITH_SECRET: RuleTable = {
  40001: {
    ...WRONG_SECRET,
    meaning: {
      en: 'the AppSecret of the third-party platform is wrong (component_appsecret 错误)',
      zh: '第三方平台的 AppSecret 错误',
    },
    advice: PLATFORM_SECRET,
  },
  40125: {
    ...WRONG_SECRET,
    meaning: {
      en: 'the AppSecret of the third-party platform is not valid (component_appsecret 无效)',
      zh: '第三方平台的 AppSecret 无效',
    },
    advice: {
      en: en`It was probably reset. ${PLATFORM_SECRET}`,
      zh: zh`它很可能被重置过。${PLATFORM_SECRET}`,
    },
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
      meaning: {
        en: 'the AppID of the third-party platform is not valid (component_appid 不合法)',
        zh: '第三方平台的 AppID 不合法',
      },
      advice: {
        en: en`Compare appId of the component with ${CONSOLE}: is it the AppID of an account?`,
        zh: zh`把 component 的 appId 与${CONSOLE}核对：是不是写成了某个账号的 AppID？`,
      },
    },
    41018: {
      ...REFUSED,
      meaning: {
        en: 'the AppID of the third-party platform is missing (缺少 component_appid)',
        zh: '缺少第三方平台的 AppID（component_appid）',
      },
      advice: DISTORTED,
    },
    41021: {
      ...REFUSED,
      meaning: {
        en: 'the token of the third-party platform is missing (缺少 component_access_token)',
        zh: '缺少第三方平台的 component_access_token',
      },
      advice: DISTORTED,
    },
    48001: {
      ...REFUSED,
      meaning: {
        en: 'the platform, or the account, has no right to this API (api 未授权)',
        zh: '第三方平台或账号没有该接口的权限',
      },
      advice: {
        en: en`Check in ${CONSOLE} which permission sets the platform has, and which ones the account has granted.`,
        zh: zh`在${CONSOLE}查看平台有哪些权限集，以及账号授予了哪些。`,
      },
    },
    61004: {
      ...WHITELIST,
      meaning: {
        en: '{ip} is not registered for the third-party platform (access clientip is not registered)',
        zh: '{ip} 没有在第三方平台登记',
      },
      advice: {
        en: en`Add {ip} to the platform's own list (白名单IP地址列表, ${MATERIAL}), not to that of an account; it takes 5 to 10 minutes to apply. ${AGAIN}`,
        zh: zh`把 {ip} 加进第三方平台自己的白名单IP地址列表（${MATERIAL}），而不是某个账号的 IP白名单；需要 5 到 10 分钟生效。${AGAIN}`,
      },
    },
    61007: {
      ...REFUSED,
      meaning: {
        en: 'the account has not granted this permission set (api is unauthorized to component)',
        zh: '账号没有授予这个权限集',
      },
      advice: {
        en: 'Have the account grant it: the token is not at fault.',
        zh: '请账号授予它：与 token 无关。',
      },
    },
    61011: {
      ...REFUSED,
      meaning: {
        en: 'there is no third-party platform with this AppID (component is not exist)',
        zh: '没有使用这个 AppID 的第三方平台',
      },
      advice: {
        en: en`Compare appId of the component with ${CONSOLE}.`,
        zh: zh`把 component 的 appId 与${CONSOLE}核对。`,
      },
    },
    61014: {
      ...REFUSED,
      meaning: {
        en: 'the call takes the token of the third-party platform (must use component token)',
        zh: '该接口要用第三方平台的 component_access_token',
      },
      advice: DISTORTED,
    },
    61015: {
      ...REFUSED,
      meaning: {
        en: 'the call takes the token of an account, not of the third-party platform (must use api token)',
        zh: '该接口要用账号的 token，而不是第三方平台的',
      },
      advice: { en: 'A reader took the wrong file.', zh: '读取方读错了文件。' },
    },
    61028: {
      ...REFUSED,
      meaning: {
        en: 'the third-party platform is not published (component not release)',
        zh: '第三方平台没有全网发布',
      },
      advice: {
        en: en`Publish it in ${CONSOLE} (全网发布), or use the accounts of the test configuration.`,
        zh: zh`在${CONSOLE}全网发布，或使用测试配置里的账号。`,
      },
    },
  },

  'component-token': {
    ...WITH_SECRET,
    40091: {
      ...WRONG_TICKET,
      meaning: {
        en: 'the pushed ticket is not valid (component_verify_ticket 无效)',
        zh: '推送的 component_verify_ticket 无效',
      },
      advice: PUSH,
    },
    61005: {
      ...WRONG_TICKET,
      meaning: {
        en: 'the pushed ticket has expired (component ticket is expired)',
        zh: '推送的 component_verify_ticket 已过期',
      },
      advice: PUSH,
    },
    61006: {
      ...WRONG_TICKET,
      meaning: {
        en: 'the pushed ticket is not valid (component ticket is invalid)',
        zh: '推送的 component_verify_ticket 无效',
      },
      advice: PUSH,
    },
    61058: {
      ...WRONG_TICKET,
      meaning: {
        en: 'the pushed ticket is not valid (component ticket is invalid)',
        zh: '推送的 component_verify_ticket 无效',
      },
      advice: PUSH,
    },
    45009: {
      ...QUOTA,
      meaning: {
        en: 'the daily allowance of tokens of the third-party platform is used up (接口调用超过限制)',
        zh: '第三方平台获取 token 的当天额度已用完',
      },
      advice: CLEAR,
    },
  },

  'start-push': {
    ...WITH_SECRET,
    45009: {
      ...QUOTA,
      meaning: {
        en: 'the daily allowance of this call is used up (接口调用超过限制)',
        zh: '该接口当天的额度已用完',
      },
      advice: CLEAR,
    },
  },

  'query-auth': { ...DEAD_TOKEN, ...AUTHORISATION, ...EXCHANGE },

  'authorizer-token': {
    ...DEAD_TOKEN,
    ...AUTHORISATION,
    // Only here it is the authorisation of the token's own account that was asked about.
    61003: { ...NOT_AUTHORISED, authorisation: 'gone' },
    61023: { ...BAD_REFRESH_TOKEN, authorisation: 'gone' },
    45009: {
      ...QUOTA,
      meaning: {
        en: 'the daily allowance of tokens of this account is used up (接口调用超过限制)',
        zh: '该账号获取 token 的当天额度已用完',
      },
      advice: {
        en: en`Who else refreshes this account through the platform? ${CLEAR}`,
        zh: zh`还有谁在通过第三方平台刷新这个账号？${CLEAR}`,
      },
    },
  },

  'authorizer-list': {
    ...DEAD_TOKEN,
    ...AUTHORISATION,
    40170: {
      ...REFUSED,
      meaning: {
        en: 'the list was asked for in a wrong way (offset 或 count 不合法)',
        zh: '查询列表的参数 offset 或 count 不合法',
      },
      advice: DISTORTED,
    },
  },
};
