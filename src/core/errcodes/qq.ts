import { en, type Text, zh } from '../text.ts';
import { BUSY, type FamilyRules, REFUSED, SLOW, WRONG_SECRET } from './rule.ts';

/** docs/wechat-facts.md, Consoles. */
const CONSOLE: Text = {
  en: 'q.qq.com → 开发 → 开发设置',
  zh: 'QQ 开放平台（q.qq.com → 开发 → 开发设置）',
};

/**
 * The open platform of QQ bots (QQ机器人). The page of its token call lists no codes: these were met by others
 * (docs/wechat-facts.md, Error codes).
 */
export const QQ: FamilyRules = {
  any: {
    100002: {
      ...BUSY,
      meaning: { en: 'the platform failed (internal err)', zh: '平台内部错误' },
      advice: {
        en: 'It also answers so where something on the way turns the JSON of the request into a form.',
        zh: '如果途中有程序把请求的 JSON 变成了表单，它也会这样应答。',
      },
    },
    100007: {
      ...REFUSED,
      meaning: { en: 'the AppID is not valid (appid invalid)', zh: 'AppID 不合法' },
      advice: {
        en: en`Compare appId with ${CONSOLE}: it is digits alone.`,
        zh: zh`把 appId 与${CONSOLE}核对：它全是数字。`,
      },
    },
    100016: {
      ...WRONG_SECRET,
      meaning: {
        en: 'AppID and AppSecret do not fit (invalid appid or secret)',
        zh: 'AppID 与 AppSecret 不匹配',
      },
      advice: {
        en: en`Copy the AppSecret from ${CONSOLE} into the secret file, which is then tried at once.`,
        zh: zh`从${CONSOLE}把 AppSecret 复制到 AppSecret 文件，程序会立即尝试。`,
      },
    },
  },
  unknown: {
    ...SLOW,
    meaning: { en: 'is not a code this program knows', zh: '是程序不认识的错误码' },
    advice: {
      en: 'Look {errcode} up in the documentation of QQ bots (bot.q.qq.com/wiki, 错误码).',
      zh: '在 QQ 机器人的文档（bot.q.qq.com/wiki，错误码）里查找 {errcode}。',
    },
  },
};
