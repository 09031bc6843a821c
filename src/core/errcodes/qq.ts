import { BUSY, type FamilyRules, REFUSED, SLOW, WRONG_SECRET } from './rule.ts';

const CONSOLE = 'q.qq.com → 开发管理 (开发设置)';

/**
 * The open platform of QQ bots (QQ机器人). The page of its token call lists no codes: these were met by others
 * (docs/wechat-facts.md, Error codes).
 */
export const QQ: FamilyRules = {
  any: {
    100002: {
      ...BUSY,
      meaning: 'the platform failed (internal err)',
      advice: 'It also answers so where something on the way turns the JSON of the request into a form.',
    },
    100007: {
      ...REFUSED,
      meaning: 'the AppID is not valid (appid invalid)',
      advice: `Compare appId with ${CONSOLE}: it is digits alone.`,
    },
    100016: {
      ...WRONG_SECRET,
      meaning: 'AppID and AppSecret do not fit (invalid appid or secret)',
      advice: `Copy the AppSecret from ${CONSOLE} into the secret file, which is then tried at once.`,
    },
  },
  unknown: {
    ...SLOW,
    meaning: 'is not a code this program knows',
    advice: 'Look {errcode} up in the documentation of QQ bots (bot.q.qq.com/wiki, 错误码).',
  },
};
