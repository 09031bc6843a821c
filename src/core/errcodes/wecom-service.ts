import { en, type Text, zh } from '../text.ts';
import {
  AGAIN,
  DISTORTED,
  type ErrcodeRule,
  type FamilyRules,
  REFUSED,
  type RuleTable,
  SUSPECT,
  UNAUTHORISED,
  WHITELIST,
  WRONG_CORP_SECRET,
  WRONG_PARAMETERS,
  WRONG_TICKET,
} from './rule.ts';
import { WECOM } from './wecom.ts';

/** Where a service provider (服务商) of WeCom sets things up (docs/wechat-facts.md, Consoles). */
const ADDRESSES: Text = {
  en: 'the provider console of WeCom (open.work.weixin.qq.com → 服务商信息 → 基本信息 → IP白名单)',
  zh: '企业微信服务商后台（open.work.weixin.qq.com → 服务商信息 → 基本信息 → IP白名单）',
};
const PARAMETERS: Text = {
  en: 'the provider console of WeCom (open.work.weixin.qq.com → 应用管理 → 通用开发参数)',
  zh: '企业微信服务商后台（open.work.weixin.qq.com → 应用管理 → 通用开发参数）',
};
const SUITE: Text = {
  en: "the app's page in the provider console of WeCom (open.work.weixin.qq.com → 应用管理)",
  zh: '企业微信服务商后台（open.work.weixin.qq.com → 应用管理）里该应用的页面',
};
const REAUTHORISE: Text = {
  en: "Have the corp's admin authorise the app again, and put the new permanent code into its file.",
  zh: '请企业的管理员重新授权该应用，并把新的永久授权码写进它的文件。',
};
const RENEWED: Text = {
  en: 'The daemon fetches another one. If this comes back: is it the token of another suite, or of the provider?',
  zh: '守护进程会换取新的。如果反复出现：它是不是另一个 suite 或服务商的 token？',
};

const NOT_INSTALLED: Text = {
  en: "The daemon has the suite's token looked into. If this comes back, the corp has not installed the app: have its admin install it.",
  zh: '守护进程会核实 suite 的 token。如果反复出现，说明该企业没有安装此应用：请企业的管理员安装。',
};

const BAD_SUITE_TOKEN: ErrcodeRule = {
  ...SUSPECT,
  meaning: {
    en: 'the suite token is not valid, or the corp has not installed the app (不合法的suite_access_token)',
    zh: 'suite_access_token 不合法，或企业没有安装该应用',
  },
  advice: RENEWED,
};

const CANCELLED: ErrcodeRule = {
  ...UNAUTHORISED,
  meaning: { en: 'the authorisation is invalid or cancelled (授权关系无效)', zh: '授权无效或已取消' },
  advice: REAUTHORISE,
};

const SUITE_TOKEN: RuleTable = {
  40082: BAD_SUITE_TOKEN,
  42009: {
    ...SUSPECT,
    meaning: {
      en: 'the suite token has expired (suite_access_token已过期)',
      zh: 'suite_access_token 已过期',
    },
    advice: RENEWED,
  },
  41022: {
    ...REFUSED,
    meaning: { en: 'the suite token is missing (缺少suite_access_token)', zh: '缺少 suite_access_token' },
    advice: DISTORTED,
  },
  48003: {
    ...REFUSED,
    meaning: {
      en: 'the suite token belongs to another suite (不合法的suite_id)',
      zh: 'suite_access_token 属于另一个 suite',
    },
    advice: {
      en: 'Compare suiteId of the suite that via names with the one that the corp has installed.',
      zh: '把 via 所指的 suite 的 suiteId 与企业安装的应用核对。',
    },
  },
};

/**
 * Service providers of WeCom and their suites (企业微信第三方应用), from the pages of their calls and the global error
 * codes (docs/wechat-facts.md, Error codes). What is not told here is as for an app of a corp.
 */
export const WECOM_SERVICE: FamilyRules = {
  ...WECOM,
  any: {
    ...WECOM.any,
    40013: {
      ...WRONG_PARAMETERS,
      meaning: { en: 'the corpid is not valid (不合法的CorpID)', zh: '企业ID（corpid）不合法' },
      advice: {
        en: 'Copy it exactly as it came with the permanent code: upper and lower case count.',
        zh: '原样复制随永久授权码一起得到的 corpid：区分大小写。',
      },
    },
    60020: {
      ...WHITELIST,
      meaning: {
        en: '{ip} is not a trusted IP address of the provider (不安全的访问IP)',
        zh: '{ip} 不是服务商的可信 IP',
      },
      advice: {
        en: en`Add {ip} to the IP whitelist in ${ADDRESSES}, not to the trusted IPs (企业可信IP) of a corp. ${AGAIN}`,
        zh: zh`把 {ip} 加进服务商的 IP白名单，位置在${ADDRESSES}，而不是某个企业的企业可信IP。${AGAIN}`,
      },
    },
    48004: CANCELLED,
  },

  token: {
    40001: {
      ...WRONG_CORP_SECRET,
      meaning: { en: 'the provider secret is wrong (不合法的provider_secret)', zh: 'ProviderSecret 错误' },
      advice: {
        en: en`Copy the ProviderSecret from ${PARAMETERS}, and the corpid of the provider itself.`,
        zh: zh`从${PARAMETERS}复制 ProviderSecret，以及服务商自己的 corpid。`,
      },
    },
    40091: {
      ...WRONG_CORP_SECRET,
      meaning: { en: 'the provider secret is wrong (provider_secret不合法)', zh: 'ProviderSecret 不合法' },
      advice: {
        en: en`Copy the ProviderSecret from ${PARAMETERS}, and the corpid of the provider itself.`,
        zh: zh`从${PARAMETERS}复制 ProviderSecret，以及服务商自己的 corpid。`,
      },
    },
    41002: {
      ...WRONG_PARAMETERS,
      meaning: { en: 'the corpid is missing (缺少corpid)', zh: '缺少企业ID（corpid）' },
      advice: DISTORTED,
    },
    41004: {
      ...WRONG_CORP_SECRET,
      meaning: { en: 'the provider secret is missing (缺少secret)', zh: '缺少 ProviderSecret' },
      advice: {
        en: en`Check that the configured secret is not empty. ${DISTORTED}`,
        zh: zh`检查配置的 Secret 是否为空。${DISTORTED}`,
      },
    },
  },

  'suite-token': {
    40001: {
      ...WRONG_CORP_SECRET,
      meaning: { en: 'the suite secret is wrong (不合法的suite_secret)', zh: 'suite_secret 错误' },
      advice: {
        en: en`Copy the secret of this suite from ${SUITE}.`,
        zh: zh`从${SUITE}复制这个 suite 的 Secret。`,
      },
    },
    40080: {
      ...WRONG_CORP_SECRET,
      meaning: { en: 'the suite secret is wrong (不合法的suite_secret)', zh: 'suite_secret 错误' },
      advice: {
        en: en`Copy the secret of this suite from ${SUITE}.`,
        zh: zh`从${SUITE}复制这个 suite 的 Secret。`,
      },
    },
    40083: {
      ...WRONG_PARAMETERS,
      meaning: { en: 'there is no such suite (不合法的suite_id)', zh: '没有这个 suite（suite_id 不合法）' },
      advice: { en: en`Compare suiteId with ${SUITE}.`, zh: zh`把 suiteId 与${SUITE}核对。` },
    },
    40085: {
      ...WRONG_TICKET,
      meaning: {
        en: 'the suite ticket is missing or has expired (不合法的suite_ticket)',
        zh: 'suite_ticket 缺失或已过期',
      },
      advice: {
        en: en`Press 刷新ticket on ${SUITE} → 回调配置, and see that the handler of the instruction callback (指令回调URL) answers \`success\` and hands the ticket on: it lives for 30 minutes.`,
        zh: zh`在${SUITE} → 回调配置里点“刷新ticket”，并检查指令回调URL 的处理程序是否应答 \`success\` 并转交 ticket：它的有效期是 30 分钟。`,
      },
    },
    41021: {
      ...REFUSED,
      meaning: { en: 'the suite id is missing (缺少suite_id)', zh: '缺少 suite_id' },
      advice: DISTORTED,
    },
    41023: {
      ...WRONG_CORP_SECRET,
      meaning: { en: 'the suite secret is missing (缺少suite_secret)', zh: '缺少 suite_secret' },
      advice: {
        en: en`Check that the configured secret is not empty. ${DISTORTED}`,
        zh: zh`检查配置的 Secret 是否为空。${DISTORTED}`,
      },
    },
    41024: {
      ...WRONG_TICKET,
      meaning: { en: 'the suite ticket is missing (缺少suite_ticket)', zh: '缺少 suite_ticket' },
      advice: DISTORTED,
    },
  },

  'query-auth': {
    ...SUITE_TOKEN,
    40058: {
      ...UNAUTHORISED,
      meaning: { en: 'the authorisation code has a wrong length (不合法的参数)', zh: '授权码的长度不对' },
      advice: {
        en: 'A code works once and for 10 minutes: have the corp authorise the app again.',
        zh: '授权码只能用一次，10 分钟内有效：请企业重新授权该应用。',
      },
    },
    40078: {
      ...UNAUTHORISED,
      meaning: { en: 'the authorisation code is not valid (不合法的auth_code)', zh: '授权码不合法' },
      advice: {
        en: 'A code works once and for 10 minutes: have the corp authorise the app again.',
        zh: '授权码只能用一次，10 分钟内有效：请企业重新授权该应用。',
      },
    },
  },

  'corp-token': {
    ...SUITE_TOKEN,
    // The corp may not have installed the app: then the token is good for the others.
    40082: { ...BAD_SUITE_TOKEN, token: 'unclear', advice: NOT_INSTALLED },
    40084: {
      ...UNAUTHORISED,
      secret: 'refused',
      authorisation: 'gone',
      meaning: {
        en: 'the permanent code is invalid or cancelled (不合法的永久授权码)',
        zh: '永久授权码无效或已取消',
      },
      advice: REAUTHORISE,
    },
    48004: { ...CANCELLED, authorisation: 'gone' },
    41025: {
      ...REFUSED,
      secret: 'refused',
      meaning: {
        en: 'the permanent code is missing (缺少permanent_code)',
        zh: '缺少永久授权码（permanent_code）',
      },
      advice: {
        en: en`Check that its file is not empty. ${DISTORTED}`,
        zh: zh`检查它的文件是否为空。${DISTORTED}`,
      },
    },
  },
};
