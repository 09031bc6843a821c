import {
  DISTORTED,
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

/** Where a service provider (服务商) of WeCom sets things up. */
const CONSOLE = 'the provider console of WeCom (服务商后台, open.work.weixin.qq.com)';
const SUITE = `the app's page in ${CONSOLE} → 标准应用服务`;
const REAUTHORISE =
  "Have the corp's admin authorise the app again, and put the new permanent code into its file.";
const RENEWED =
  'The daemon fetches another one. If this comes back: is it the token of another suite, or of the provider?';

const SUITE_TOKEN: RuleTable = {
  40082: {
    ...SUSPECT,
    meaning:
      'the suite token is not valid, or the corp has not installed the app (不合法的suite_access_token)',
    advice: RENEWED,
  },
  42009: { ...SUSPECT, meaning: 'the suite token has expired (suite_access_token已过期)', advice: RENEWED },
  41022: { ...REFUSED, meaning: 'the suite token is missing (缺少suite_access_token)', advice: DISTORTED },
  48003: {
    ...REFUSED,
    meaning: 'the suite token belongs to another suite (不合法的suite_id)',
    advice: 'Compare suiteId of the suite that via names with the one that the corp has installed.',
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
      meaning: 'the corpid is not valid (不合法的CorpID)',
      advice: 'Copy it exactly as it came with the permanent code: upper and lower case count.',
    },
    60020: {
      ...WHITELIST,
      meaning: '{ip} is not a trusted IP address of the provider (不安全的访问IP)',
      advice:
        `Add {ip} to the IP whitelist in ${CONSOLE}, not to the trusted IPs (企业可信IP) of a corp. ` +
        'The daemon asks again every minute; `refresh NAME` asks at once.',
    },
    48004: {
      ...UNAUTHORISED,
      meaning: 'the authorisation is invalid or cancelled (授权关系无效)',
      advice: REAUTHORISE,
    },
  },

  token: {
    40001: {
      ...WRONG_CORP_SECRET,
      meaning: 'the provider secret is wrong (不合法的provider_secret)',
      advice: `Copy the ProviderSecret from ${CONSOLE}, and the corpid of the provider itself.`,
    },
    40091: {
      ...WRONG_CORP_SECRET,
      meaning: 'the provider secret is wrong (provider_secret不合法)',
      advice: `Copy the ProviderSecret from ${CONSOLE}, and the corpid of the provider itself.`,
    },
    41002: { ...WRONG_PARAMETERS, meaning: 'the corpid is missing (缺少corpid)', advice: DISTORTED },
    41004: {
      ...WRONG_CORP_SECRET,
      meaning: 'the provider secret is missing (缺少secret)',
      advice: `Check that the configured secret is not empty. ${DISTORTED}`,
    },
  },

  'suite-token': {
    40001: {
      ...WRONG_CORP_SECRET,
      meaning: 'the suite secret is wrong (不合法的suite_secret)',
      advice: `Copy the secret of this suite from ${SUITE}.`,
    },
    40080: {
      ...WRONG_CORP_SECRET,
      meaning: 'the suite secret is wrong (不合法的suite_secret)',
      advice: `Copy the secret of this suite from ${SUITE}.`,
    },
    40083: {
      ...WRONG_PARAMETERS,
      meaning: 'there is no such suite (不合法的suite_id)',
      advice: `Compare suiteId with ${SUITE}.`,
    },
    40085: {
      ...WRONG_TICKET,
      meaning: 'the suite ticket is missing or has expired (不合法的suite_ticket)',
      advice:
        `Press 刷新ticket on ${SUITE} → 回调配置, and see that the handler of the instruction callback (指令回调URL) ` +
        'answers `success` and hands the ticket on: it lives for 30 minutes.',
    },
    41021: { ...REFUSED, meaning: 'the suite id is missing (缺少suite_id)', advice: DISTORTED },
    41023: {
      ...WRONG_CORP_SECRET,
      meaning: 'the suite secret is missing (缺少suite_secret)',
      advice: `Check that the configured secret is not empty. ${DISTORTED}`,
    },
    41024: { ...WRONG_TICKET, meaning: 'the suite ticket is missing (缺少suite_ticket)', advice: DISTORTED },
  },

  'query-auth': {
    ...SUITE_TOKEN,
    40058: {
      ...UNAUTHORISED,
      meaning: 'the authorisation code has a wrong length (不合法的参数)',
      advice: 'A code works once and for 10 minutes: have the corp authorise the app again.',
    },
    40078: {
      ...UNAUTHORISED,
      meaning: 'the authorisation code is not valid (不合法的auth_code)',
      advice: 'A code works once and for 10 minutes: have the corp authorise the app again.',
    },
  },

  'corp-token': {
    ...SUITE_TOKEN,
    40084: {
      ...UNAUTHORISED,
      secret: 'refused',
      meaning: 'the permanent code is invalid or cancelled (不合法的永久授权码)',
      advice: REAUTHORISE,
    },
    41025: {
      ...REFUSED,
      secret: 'refused',
      meaning: 'the permanent code is missing (缺少permanent_code)',
      advice: `Check that its file is not empty. ${DISTORTED}`,
    },
  },
};
