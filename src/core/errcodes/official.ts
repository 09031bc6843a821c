import { en, type Text, zh } from '../text.ts';
import {
  AGAIN,
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
  SECRET_MISSING,
  SLOW,
  SUSPECT,
  WHITELIST,
  WRONG_SECRET,
} from './rule.ts';

/** Where the settings are since 2025 (docs/wechat-facts.md, "Consoles"). */
const SETTINGS: Text = {
  en:
    "the account's settings (official accounts: developers.weixin.qq.com/platform → 基础信息 → 开发密钥; " +
    'mini programs: mp.weixin.qq.com → 开发管理 → 开发设置)',
  zh:
    '账号的开发设置（公众号、服务号：微信开发者平台 developers.weixin.qq.com/platform → 基础信息 → 开发密钥；' +
    '小程序：mp.weixin.qq.com → 开发管理 → 开发设置）',
};
const CONFIRM: Text = {
  en:
    "The account's admin must agree in the template message that WeChat has sent to the admin's WeChat; " +
    'a refusal blocks this IP address for an hour, a second one for a day.',
  zh: '请账号的管理员在微信收到的模板消息里点同意；拒绝一次，该 IP 会被封禁一小时，拒绝两次则封禁一天。',
};

const ADD: Text = {
  en: en`Add {ip} to the IP whitelist (IP白名单) in ${SETTINGS}; it takes 5 to 10 minutes to apply. The code-upload whitelist (代码上传白名单) of mini programs is another list. ${AGAIN}`,
  zh: zh`把 {ip} 加进 IP白名单，位置在${SETTINGS}；需要 5 到 10 分钟生效。小程序的代码上传白名单是另一份名单。${AGAIN}`,
};

/** What registers an address with the list that official accounts and mini programs have. */
const REGISTER = { ...WHITELIST, advice: ADD };

/** A third-party platform and a store have lists of their own. */
const REGISTER_WITH_PLATFORM = {
  ...WHITELIST,
  advice: {
    en: en`${ADD} A third-party platform or store has a list of its own (open.weixin.qq.com → 管理中心, store.weixin.qq.com).`,
    zh: zh`${ADD}第三方平台和微信小店各有自己的名单（open.weixin.qq.com → 管理中心；store.weixin.qq.com）。`,
  },
};

/**
 * Who may call, and from where: the IP whitelist, which is also checked for calls that carry a token, and the
 * confirmation that the platform asks of the admin for a call it finds risky (IP whitelist page, developer guide).
 */
const CALLER_RULES: RuleTable = {
  40164: {
    ...REGISTER,
    meaning: { en: '{ip} is not on the IP whitelist (IP不在白名单)', zh: '{ip} 不在 IP白名单里' },
  },
  40090: {
    ...REGISTER,
    meaning: { en: 'calls from {ip} are not accepted (请求来源IP不合法)', zh: '不接受来自 {ip} 的调用' },
  },
  40187: {
    ...REGISTER,
    meaning: { en: 'calls from {ip} are not accepted (IP不合法)', zh: '不接受来自 {ip} 的调用' },
  },
  45032: {
    ...REGISTER,
    meaning: {
      en: '{ip} is not an address allowed for this account (非白名单内IP)',
      zh: '{ip} 不是该账号允许的 IP',
    },
  },
  45035: {
    ...REGISTER_WITH_PLATFORM,
    meaning: { en: '{ip} is not registered for this account (IP未登记)', zh: '{ip} 没有在该账号登记' },
  },
  61004: {
    ...REGISTER_WITH_PLATFORM,
    meaning: { en: '{ip} is not registered for this account (IP未登记)', zh: '{ip} 没有在该账号登记' },
  },

  89501: {
    ...CONFIRMATION,
    meaning: { en: 'a confirmation is still unanswered (有未处理的确认请求)', zh: '还有未处理的确认请求' },
    advice: CONFIRM,
  },
  89502: {
    ...CONFIRMATION,
    meaning: { en: 'waiting for the admin (等待管理员确认)', zh: '等待管理员确认' },
    advice: CONFIRM,
  },
  89503: {
    ...CONFIRMATION,
    meaning: { en: 'the admin must confirm this call (需要管理员确认)', zh: '这次调用需要管理员确认' },
    advice: CONFIRM,
  },
  89504: {
    ...CONFIRMATION,
    meaning: { en: 'waiting for the admin (等待管理员确认)', zh: '等待管理员确认' },
    advice: CONFIRM,
  },
  89505: {
    ...CONFIRMATION,
    meaning: { en: 'waiting for the admin (等待管理员确认)', zh: '等待管理员确认' },
    advice: CONFIRM,
  },
  89506: {
    ...DECLINED_TWICE,
    meaning: {
      en: 'the admin refused this IP address twice: blocked for 24 hours (24小时后再试)',
      zh: '管理员两次拒绝了该 IP，封禁 24 小时',
    },
    advice: {
      en: 'Speak to the admin before the next request, 24 hours from now, and have it accepted then.',
      zh: '下一次请求在 24 小时之后；请先与管理员沟通好，届时点同意。',
    },
  },
  89507: {
    ...DECLINED_ONCE,
    meaning: {
      en: 'the admin refused this IP address: blocked for 1 hour (1小时后再试)',
      zh: '管理员拒绝了该 IP，封禁 1 小时',
    },
    advice: {
      en: 'Speak to the admin: a second refusal within a day blocks this address for 24 hours.',
      zh: '请与管理员沟通：一天之内再拒绝一次，该 IP 就会被封禁 24 小时。',
    },
  },
};

const APPEAL: Text = {
  en: "Log in to the account's console, read the notice there and appeal or meet its terms.",
  zh: '登录账号的后台，查看通知，按要求整改或申诉。',
};
const RESET: Text = {
  en: 'Daily allowances are commonly said to start anew at midnight China time (not confirmed).',
  zh: '通常认为每日额度在北京时间零点重置（未经证实）。',
};
const RIVAL: Text = {
  en:
    'A new token is the cure. If this comes back, another process is fetching tokens for this AppID: ' +
    'find it, or move every one to stable-token.',
  zh: '换新 token 即可解决。如果反复出现，说明另有进程在为该 AppID 获取 token：找到它，或者让所有进程都改用 stable-token。',
};
const USER_ONLY: Text = {
  en: 'This code is about a user, not about this credential: check the configured base URL.',
  zh: '该错误码针对用户，与这份凭据无关：检查配置的主地址。',
};

/**
 * Official accounts, mini programs and their kin, from the return codes on the pages of the two token endpoints and
 * of getticket, the developer guide, the IP whitelist page and the platform's general list of return codes.
 */
export const OFFICIAL: FamilyRules = {
  any: {
    ...CALLER_RULES,

    [-1]: { ...BUSY, meaning: { en: 'the platform is busy (系统繁忙)', zh: '平台繁忙' } },
    [-1000]: { ...BUSY, meaning: { en: 'the platform failed (系统错误)', zh: '平台系统错误' } },
    9001002: {
      ...BUSY,
      meaning: {
        en: 'a service behind the platform is unavailable (远端服务不可用)',
        zh: '平台背后的服务不可用',
      },
    },
    9299999: {
      ...BUSY,
      meaning: { en: 'the platform failed inside (后台逻辑错误)', zh: '平台后台逻辑错误' },
    },

    40013: {
      ...REFUSED,
      meaning: { en: 'the AppID is not valid (AppID 不合法)', zh: 'AppID 不合法' },
      advice: {
        en: "Compare appId with the console: upper and lower case, blanks, another account's.",
        zh: '把 appId 与后台核对：大小写、空格、是否为另一个账号的。',
      },
    },
    40125: {
      ...WRONG_SECRET,
      meaning: { en: 'the AppSecret is not valid (AppSecret 无效)', zh: 'AppSecret 无效' },
      advice: {
        en: en`The AppSecret was probably reset. Put the new one from ${SETTINGS} into the secret file, which is then tried at once.`,
        zh: zh`AppSecret 很可能被重置过。把新的写进 AppSecret 文件，程序会立即尝试；位置在${SETTINGS}。`,
      },
    },
    40243: {
      ...WRONG_SECRET,
      meaning: { en: 'the AppSecret is frozen (AppSecret 已被冻结)', zh: 'AppSecret 已被冻结' },
      advice: {
        en: en`Unfreeze the AppSecret in ${SETTINGS}; it takes about 10 minutes to apply. ${AGAIN}`,
        zh: zh`解冻 AppSecret，位置在${SETTINGS}；约 10 分钟生效。${AGAIN}`,
      },
    },
    41002: {
      ...REFUSED,
      meaning: { en: 'the AppID is missing (缺少 appid)', zh: '缺少 AppID' },
      advice: DISTORTED,
    },
    41004: {
      ...WRONG_SECRET,
      meaning: { en: 'the AppSecret is missing (缺少 secret)', zh: '缺少 AppSecret' },
      advice: SECRET_MISSING,
    },
    61024: {
      ...REFUSED,
      meaning: {
        en: 'the AppID is that of a third-party platform (第三方平台)',
        zh: '这个 AppID 是第三方平台的',
      },
      advice: {
        en:
          'Configure it as type component, with a ticket; or give the AppID and AppSecret of the official account or mini ' +
          'program itself.',
        zh: '把它配置为 component 类型，并提供 ticket；或者填写公众号或小程序自己的 AppID 和 AppSecret。',
      },
    },

    45011: {
      ...FREQUENCY,
      meaning: { en: 'too many calls within a minute (调用太频繁)', zh: '一分钟之内调用太多' },
    },
    45040: {
      ...QUOTA,
      meaning: { en: 'the allowance of the month is used up (月额度)', zh: '当月的额度已用完' },
    },
    45104: {
      ...QUOTA,
      meaning: { en: 'the allowance of this domain is used up (域名额度)', zh: '该域名的额度已用完' },
    },
    48006: {
      ...QUOTA,
      meaning: {
        en: 'the allowance of quota clearings is used up (清零次数达上限)',
        zh: '清零次数已用完',
      },
    },
    45102: {
      ...BLOCKED,
      meaning: { en: 'the API is blocked for a time (接口暂时封禁)', zh: '接口暂时被封禁' },
      advice: APPEAL,
    },

    48001: {
      ...REFUSED,
      meaning: { en: 'the account has no right to this API (api 未授权)', zh: '账号没有该接口的权限' },
      advice: {
        en: 'Check in the console which APIs this kind of account, verified or not, may call.',
        zh: '在后台查看这类账号（是否认证）可以调用哪些接口。',
      },
    },
    48004: {
      ...REFUSED,
      meaning: { en: 'the API is banned for this account (接口被封禁)', zh: '该账号的接口被封禁' },
      advice: APPEAL,
    },
    50002: {
      ...REFUSED,
      meaning: {
        en: 'the account is limited, frozen or deleted (用户受限)',
        zh: '账号受限、被冻结或已注销',
      },
      advice: APPEAL,
    },
    50003: {
      ...REFUSED,
      meaning: {
        en: 'the account is not on a list of admitted ones (不在白名单)',
        zh: '账号不在准入名单里',
      },
      advice: APPEAL,
    },
    50004: {
      ...REFUSED,
      meaning: {
        en: 'the account may not fetch tokens (禁止使用 token 接口)',
        zh: '账号被禁止使用 token 接口',
      },
      advice: APPEAL,
    },
    50007: {
      ...REFUSED,
      meaning: { en: 'the account is frozen (账号已冻结)', zh: '账号已被冻结' },
      advice: APPEAL,
    },
    42007: {
      ...REFUSED,
      meaning: { en: 'a user changed the WeChat password (用户修改密码)', zh: '用户修改了微信密码' },
      advice: USER_ONLY,
    },
    50001: {
      ...REFUSED,
      meaning: { en: 'a user has not granted this API (用户未授权该 api)', zh: '用户未授权该接口' },
      advice: USER_ONLY,
    },

    40002: {
      ...REFUSED,
      meaning: { en: 'the grant_type is wrong (凭证类型不合法)', zh: 'grant_type 不合法' },
      advice: DISTORTED,
    },
    43001: {
      ...REFUSED,
      meaning: { en: 'the call must be a GET (需要 GET)', zh: '请求必须是 GET' },
      advice: DISTORTED,
    },
    43002: {
      ...REFUSED,
      meaning: { en: 'the call must be a POST (需要 POST)', zh: '请求必须是 POST' },
      advice: DISTORTED,
    },
    43003: {
      ...REFUSED,
      meaning: { en: 'the call must use HTTPS (需要 HTTPS)', zh: '请求必须使用 HTTPS' },
      advice: DISTORTED,
    },
    44002: {
      ...REFUSED,
      meaning: { en: 'the body was empty (POST 为空)', zh: '请求体为空' },
      advice: DISTORTED,
    },
    47001: {
      ...REFUSED,
      meaning: { en: 'the body could not be read (解析 JSON/XML 错误)', zh: '请求体无法解析' },
      advice: DISTORTED,
    },
  },

  token: {
    40001: {
      ...WRONG_SECRET,
      meaning: {
        en: 'the AppSecret is wrong, or that of another AppID (AppSecret 错误)',
        zh: 'AppSecret 错误，或属于另一个 AppID',
      },
      advice: {
        en: en`Compare the secret and the AppID with ${SETTINGS}: blanks, a mixed-up account, an old secret.`,
        zh: zh`核对 AppSecret 和 AppID：空格、弄混的账号、旧的 AppSecret；位置在${SETTINGS}。`,
      },
    },
    45009: {
      ...QUOTA,
      meaning: {
        en: 'the daily allowance of token calls is used up (接口调用超过限制)',
        zh: 'token 接口当天的额度已用完',
      },
      advice: {
        en: en`${RESET} An access-token credential should become stable-token, which has its own, larger one; clear_quota/v2 clears the counters without a token, 10 times a month.`,
        zh: zh`${RESET}access-token 凭据应当改为 stable-token，它有自己的、更大的额度；clear_quota/v2 不需要 token 就能清零，每月 10 次。`,
      },
    },
  },

  ticket: {
    40001: {
      ...SUSPECT,
      meaning: {
        en: 'the token is invalid or not the newest (非最新 access_token)',
        zh: 'token 无效，或不是最新的 access_token',
      },
      advice: RIVAL,
    },
    40014: {
      ...SUSPECT,
      meaning: { en: 'the token is not valid (不合法的 access_token)', zh: 'access_token 不合法' },
      advice: RIVAL,
    },
    42001: {
      ...SUSPECT,
      meaning: { en: 'the token has expired (access_token 超时)', zh: 'access_token 已过期' },
      advice: RIVAL,
    },
    48012: {
      ...SUSPECT,
      meaning: { en: 'the token is not valid (token 无效)', zh: 'token 无效' },
      advice: RIVAL,
    },
    89256: {
      ...SUSPECT,
      meaning: { en: "the token's data are wrong (token 信息有误)", zh: 'token 信息有误' },
      advice: RIVAL,
    },
    41001: {
      ...REFUSED,
      meaning: { en: 'the token is missing (缺少 access_token)', zh: '缺少 access_token' },
      advice: DISTORTED,
    },
    45009: {
      ...QUOTA,
      meaning: {
        en: 'the daily allowance of this call is used up (接口调用超过限制)',
        zh: '该接口当天的额度已用完',
      },
      advice: {
        en: en`${RESET} Look for other processes that fetch tickets; clear_quota clears the counters.`,
        zh: zh`${RESET}查找其他在获取票据的进程；clear_quota 可以清零。`,
      },
    },
  },

  unknown: {
    ...SLOW,
    meaning: { en: 'is not a code this program knows', zh: '是程序不认识的错误码' },
    advice: {
      en:
        "Look {errcode} up in the platform's list of return codes (全局返回码) and the rid, if the answer carried one, in " +
        'developers.weixin.qq.com/console/devtools/debug, or with openapi/rid/get within 7 days.',
      zh:
        '在微信的“全局返回码”里查找 {errcode}；如果应答带有 rid，可在 developers.weixin.qq.com/console/devtools/debug ' +
        '诊断，或在 7 天之内用 openapi/rid/get 查询。',
    },
  },
};
