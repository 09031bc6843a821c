import { en, type Text, zh } from '../text.ts';
import {
  AGAIN,
  BLOCKED,
  CROWDED,
  DISTORTED,
  type FamilyRules,
  REFUSED,
  SECRET_MISSING,
  SLOW,
  SUSPECT,
  WHITELIST,
  WITHDRAWN,
  WRONG_CORP_SECRET,
  WRONG_PARAMETERS,
} from './rule.ts';

/** docs/wechat-facts.md, Consoles. */
const APPS: Text = {
  en: 'the WeCom admin console (work.weixin.qq.com → 应用管理)',
  zh: '企业微信管理后台（work.weixin.qq.com → 应用管理）',
};
const PATIENCE: Text = {
  en: 'Retries are slow on purpose: 2000 failing calls in an hour block gettoken for an hour.',
  zh: '程序有意放慢重试：一小时内 2000 次失败的调用会使 gettoken 被封禁一小时。',
};
const RENEWED: Text = {
  en: 'WeCom may end a token early; a new one is the cure.',
  zh: '企业微信可能让 token 提前失效，换新的即可解决。',
};
const ELSEWHERE: Text = {
  en: 'This code is not one of the token and ticket calls: check the configured base URL.',
  zh: '这不是 token 和票据接口会返回的错误码：检查配置的主地址。',
};

/**
 * WeCom (企业微信), from the global error codes (全局错误码), the pages of gettoken and of the ticket calls and the
 * page on access frequency. Its numbers look like the official accounts' and often mean something else.
 */
export const WECOM: FamilyRules = {
  any: {
    // The page asks for three tries at most, so the quick ones end soon.
    [-1]: { ...SLOW, meaning: { en: 'the platform is busy (系统繁忙)', zh: '平台繁忙' } },
    45009: {
      ...BLOCKED,
      meaning: { en: 'called too often (接口调用超过限制)', zh: '接口调用太频繁' },
      advice: {
        en:
          "The block lasts as long as the limit's window: a minute, an hour, the day or 30 days. Look for others that " +
          'call with this corp or from this IP address; some blocks can be lifted at ' +
          'open.work.weixin.qq.com/wwopen/devtool/checkCorpSpamBlock.',
        zh:
          '封禁持续到限制的时间窗口过去：一分钟、一小时、当天或 30 天。查找其他使用该企业或来自该 IP 的调用方；' +
          '一部分封禁可以在 open.work.weixin.qq.com/wwopen/devtool/checkCorpSpamBlock 解除。',
      },
    },
    45033: {
      ...CROWDED,
      meaning: { en: 'too many calls at one time (并发调用超过限制)', zh: '并发调用太多' },
    },
    60020: {
      ...WHITELIST,
      meaning: {
        en: '{ip} is not a trusted IP address of this app (不安全的访问IP)',
        zh: '{ip} 不在该应用的企业可信IP里',
      },
      advice: {
        en: en`Add {ip} to the app's trusted IPs (企业可信IP) in ${APPS}, after a trusted domain or a callback URL has been set; it takes about a minute to apply. ${AGAIN}`,
        zh: zh`先设置可信域名或回调 URL，再把 {ip} 加进该应用的企业可信IP，位置在${APPS}；约一分钟生效。${AGAIN}`,
      },
    },
    50003: {
      ...WITHDRAWN,
      meaning: { en: 'the app is disabled (应用已停用)', zh: '应用已停用' },
      advice: { en: en`Enable the app in ${APPS}.`, zh: zh`在${APPS}启用该应用。` },
    },
    48004: {
      ...WITHDRAWN,
      meaning: { en: 'the authorisation is invalid or cancelled (授权关系无效)', zh: '授权无效或已取消' },
      advice: { en: 'Have the corp authorise the app again.', zh: '请企业重新授权该应用。' },
    },
    40084: {
      ...WRONG_CORP_SECRET,
      meaning: {
        en: 'the permanent code is invalid or cancelled (永久授权码无效)',
        zh: '永久授权码无效或已取消',
      },
      advice: {
        en: 'Have the corp authorise the app again and configure the new secret.',
        zh: '请企业重新授权该应用，并配置新的 Secret。',
      },
    },
    48002: {
      ...WITHDRAWN,
      meaning: { en: 'the app has no right to this API (API接口无权限)', zh: '应用没有该接口的权限' },
      advice: {
        en: en`Check in ${APPS} which app the secret belongs to and what it may call.`,
        zh: zh`检查 Secret 属于哪个应用、它可以调用哪些接口，位置在${APPS}。`,
      },
    },
    48006: {
      ...WITHDRAWN,
      meaning: {
        en: 'the permission was withdrawn after long disuse (长期未使用)',
        zh: '因长期未使用，权限已被收回',
      },
      advice: { en: en`Grant the permission again in ${APPS}.`, zh: zh`在${APPS}重新授予权限。` },
    },
    40125: {
      ...REFUSED,
      meaning: {
        en: 'an open_userid problem, not the secret (openuserid)',
        zh: '是 open_userid 的问题，不是 Secret 的',
      },
      advice: ELSEWHERE,
    },
    42007: {
      ...REFUSED,
      meaning: { en: 'a pre-authorisation code has expired (预授权码)', zh: '预授权码已过期' },
      advice: ELSEWHERE,
    },
    50001: {
      ...REFUSED,
      meaning: { en: 'a redirect domain is not trusted (可信域名)', zh: '跳转的域名不是可信域名' },
      advice: ELSEWHERE,
    },
    50002: {
      ...REFUSED,
      meaning: { en: "a member is outside the app's scope (可见范围)", zh: '成员不在应用的可见范围里' },
      advice: ELSEWHERE,
    },
  },

  token: {
    40001: {
      ...WRONG_CORP_SECRET,
      meaning: { en: 'the secret is wrong (不合法的secret)', zh: 'Secret 错误' },
      advice: {
        en: en`Copy the secret of this very app from ${APPS}. ${PATIENCE}`,
        zh: zh`从${APPS}复制这个应用自己的 Secret。${PATIENCE}`,
      },
    },
    40013: {
      ...WRONG_PARAMETERS,
      meaning: { en: 'the corpid is wrong (不合法的CorpID)', zh: '企业ID（corpid）错误' },
      advice: {
        en: en`Copy the corpid (企业ID) from the WeCom admin console (我的企业). ${PATIENCE}`,
        zh: zh`从企业微信管理后台（我的企业）复制企业ID（corpid）。${PATIENCE}`,
      },
    },
    40091: {
      ...WRONG_CORP_SECRET,
      meaning: { en: 'the secret belongs to another corp (secret不合法)', zh: 'Secret 属于另一个企业' },
      advice: {
        en: en`Configure the corpid and the secret of one and the same corp. ${PATIENCE}`,
        zh: zh`配置同一企业的 corpid 和 Secret。${PATIENCE}`,
      },
    },
    41002: {
      ...WRONG_PARAMETERS,
      meaning: { en: 'the corpid is missing (缺少corpid)', zh: '缺少企业ID（corpid）' },
      advice: DISTORTED,
    },
    41004: {
      ...WRONG_CORP_SECRET,
      meaning: { en: 'the secret is missing (缺少secret)', zh: '缺少 Secret' },
      advice: SECRET_MISSING,
    },
  },

  ticket: {
    // No secret travels with a ticket call, so only the token can be meant.
    40001: {
      ...SUSPECT,
      meaning: { en: 'the token is not valid (不合法的凭证)', zh: 'token 不合法' },
      advice: RENEWED,
    },
    40014: {
      ...SUSPECT,
      meaning: { en: 'the token is not valid (不合法的access_token)', zh: 'access_token 不合法' },
      advice: RENEWED,
    },
    42001: {
      ...SUSPECT,
      meaning: { en: 'the token has expired (access_token已过期)', zh: 'access_token 已过期' },
      advice: RENEWED,
    },
    40093: {
      ...SLOW,
      meaning: { en: 'the ticket is invalid or has expired (jsapi_ticket无效)', zh: '票据无效或已过期' },
    },
    42012: { ...SLOW, meaning: { en: 'the ticket cannot be used (ticket不可用)', zh: '票据不可用' } },
    41001: {
      ...REFUSED,
      meaning: { en: 'the token is missing (缺少access_token)', zh: '缺少 access_token' },
      advice: DISTORTED,
    },
    301002: {
      ...REFUSED,
      meaning: {
        en: 'the token is that of another app (无权限操作指定的应用)',
        zh: 'token 属于另一个应用',
      },
      advice: {
        en: en`Every app has its own secret and token: check in ${APPS} whose secret is configured.`,
        zh: zh`每个应用都有自己的 Secret 和 token：检查配置的是谁的 Secret，位置在${APPS}。`,
      },
    },
  },

  unknown: {
    ...SLOW,
    meaning: { en: 'is not a code this program knows', zh: '是程序不认识的错误码' },
    advice: {
      en: 'Look it up at https://open.work.weixin.qq.com/devtool/query?e={errcode}, with the hint or rid of the answer.',
      zh: '在 https://open.work.weixin.qq.com/devtool/query?e={errcode} 查询，可用上应答里的 hint 或 rid。',
    },
  },
};
