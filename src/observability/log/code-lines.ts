/** What the log says of authorisation codes and of what has come of them. */
import type { Report } from '../../core/events/report.ts';
import type { Text } from '../../core/text.ts';
import type { Fields, Logger } from './logger.ts';

interface CodeLine extends Fields {
  readonly level: keyof Logger;
  readonly message: string;
}

type CodeReport = Extract<Report, { type: 'code' | 'unserved-code' | 'permanent-code' }>;

/** The line for what has come of a code. */
export function codeLine(report: CodeReport): CodeLine {
  switch (report.type) {
    case 'code':
      return report.outcome === 'exchanged'
        ? { level: 'info', message: 'followed up an authorisation code: the account has its token' }
        : {
            level: 'error',
            message: 'an authorisation code was lost, and the platform refuses the account without it',
            advice: LOST_CODE_ADVICE,
          };
    case 'unserved-code':
      return { ...UNSERVED_CODES[report.outcome], app_id: report.appId };
    case 'permanent-code':
      return report.outcome === 'exchanged'
        ? {
            level: 'info',
            message: 'exchanged an authorisation code: the permanent code of a corp is kept',
            ...(report.corpId !== undefined && { corp_id: report.corpId }),
          }
        : {
            level: 'error',
            message: LOST_PERMANENT_CODES[report.outcome],
            advice: LOST_PERMANENT_CODE_ADVICE,
          };
  }
}

const LOST_PERMANENT_CODES = {
  used: 'an authorisation code of a corp was lost: the platform says that it is none, or has been used',
  expired: 'an authorisation code of a corp was lost: its ten minutes are over',
} as const;

const LOST_PERMANENT_CODE_ADVICE: Text = {
  en: 'unless an app has exchanged it, the corp has no permanent code now: have its admin authorise the app again (for 代开发 press 重新获取secret in the provider console), which brings another code',
  zh: '除非应用已经用掉它，否则该企业现在没有永久授权码：请企业的管理员重新授权该应用（代开发应用在服务商后台点“重新获取secret”），平台会推送新的授权码',
};

const UNSERVED_CODE_ADVICE: Text = {
  en: "the account's admin has to change the permission sets once (更新授权), unless the platform lists the account with a refresh token",
  zh: '除非平台列出的该账号已有刷新令牌，否则请账号的管理员更新一次授权（更改权限集）',
};

/** Log lines for what has come of the codes of accounts that are not served. */
const UNSERVED_CODES = {
  exchanged: { level: 'info', message: 'an authorisation code was exchanged' },
  used: {
    level: 'warn',
    message: 'an authorisation code had been used already',
    advice: UNSERVED_CODE_ADVICE,
  },
  expired: {
    level: 'warn',
    message: 'an authorisation code was lost: its ten minutes are over',
    advice: UNSERVED_CODE_ADVICE,
  },
} as const;

const LOST_CODE_ADVICE: Text = {
  en: "have the account's admin change the permission sets once (更新授权), which brings another code",
  zh: '请账号的管理员更新一次授权（更改权限集），平台会推送新的授权码',
};
