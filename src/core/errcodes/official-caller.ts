import { CONFIRMATION, DECLINED_ONCE, DECLINED_TWICE, type RuleTable, WHITELIST } from './rule.ts';

export const SETTINGS = "the account's developer settings (基本配置 or 开发设置)";
const CONFIRM =
  "The account's admin must agree in the template message that WeChat has sent to the admin's WeChat; " +
  'a refusal blocks this IP address for an hour, a second one for a day.';

const REGISTER = {
  ...WHITELIST,
  advice:
    `Add {ip} to the IP whitelist (IP白名单) in ${SETTINGS}; it takes 5 to 10 minutes to apply. ` +
    'The code-upload whitelist (代码上传白名单) of mini programs is another list.',
};

/**
 * Who may call, and from where: the IP whitelist, which is also checked for calls that carry a token, and the
 * confirmation that the platform asks of the admin for a call it finds risky (IP whitelist page, developer guide).
 */
export const CALLER_RULES: RuleTable = {
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
