import { FAMILIES } from '../../src/core/errcodes/index.ts';
import type { ErrcodeRule, FamilyRules, RuleTable } from '../../src/core/errcodes/rule.ts';
import { LANGUAGES, type Language, type Text } from '../../src/core/text.ts';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';

/** The page of error codes in each language. */
export const ERRCODE_PAGES: Readonly<Record<Language, string>> = {
  en: 'docs/error-codes.md',
  zh: 'docs/zh-CN/error-codes.md',
};

const INTRO: Text = {
  en: `# Error codes of the platforms

English | [简体中文](zh-CN/error-codes.md)

What WeChat, WeCom and QQ answer when they refuse, and what the daemon makes of it. This page is made of the tables by
which the program goes: \`npm run pages\` writes it, and a test holds it to them. Errors of the network, of files, of
Kubernetes and of hooks are in [operations.md](operations.md#error-codes); the sources of the codes in
[wechat-facts.md](wechat-facts.md#error-codes).

\`code\` in logs, \`status\` and the page is \`wx-\` and the number, for QQ bots \`qq-\` and the number. \`at\` is the call that was
answered: \`token\` takes the AppSecret; \`ticket\` takes the token, as a probe does; the others are calls of third parties;
\`any\` are all that have no row of their own. What [class](operations.md#error-codes) means for the next attempt is
told there. \`pause\` is the time until the next attempt; ×2 ≤ 5 min: twice as long after each failure, up to five
minutes; where it is not \`passing\`, up to a fifth is added, so 1 h may be 72 min.
`,
  zh: `# 各平台的错误码

[English](../error-codes.md) | 简体中文

微信、企业微信和 QQ 拒绝时返回什么，守护进程又如何处理。本页由程序自己的错误码表生成：\`npm run pages\` 写入，
并有测试保证两者一致。网络、文件、Kubernetes 和钩子的报错见 [operations.md](operations.md#错误码)；
错误码的出处见 [wechat-facts.md](../wechat-facts.md#error-codes)（英文）。

日志、\`status\` 和状态页里的 \`code\` 是 \`wx-\` 加数字，QQ 机器人是 \`qq-\` 加数字。\`at\` 是得到该应答的调用：
\`token\` 是接收 AppSecret 的接口；\`ticket\` 是携带 token 的接口，包括探测；其余是第三方的调用；\`any\` 是没有单独列出的所有调用。
[类别](operations.md#错误码)对下一次尝试意味着什么，那里有说明。\`pause\` 是到下一次尝试的间隔；×2 ≤ 5 min：每次失败后加倍，直到五分钟；不是 \`passing\` 的，最多再加五分之一，所以 1 h 可能是 72 min。
`,
};

interface Table {
  readonly title: Text;
  readonly text?: Text;
  readonly rules: FamilyRules;
  /** Rules that stand in another table already. */
  readonly besides?: FamilyRules;
}

const TABLES: readonly Table[] = [
  {
    title: { en: 'Official accounts and mini programs', zh: '公众号和小程序' },
    rules: FAMILIES.official,
  },
  {
    title: { en: 'Third parties of the Open Platform', zh: '开放平台的第三方' },
    rules: FAMILIES['open-platform'],
    besides: FAMILIES.official,
  },
  {
    title: { en: 'WeCom', zh: '企业微信' },
    text: {
      en: `WeCom's numbers look like the official accounts' and often mean something else. The daemon retries slowly on purpose:
2000 failing calls in an hour block \`gettoken\` for an hour.`,
      zh: `企业微信的错误码看起来与公众号的一样，含义却常常不同。
守护进程有意放慢重试：一小时内 2000 次失败的调用会使 \`gettoken\` 被封禁一小时。`,
    },
    rules: FAMILIES.wecom,
  },
  {
    title: { en: 'Service providers of WeCom', zh: '企业微信服务商' },
    rules: FAMILIES['wecom-service'],
    besides: FAMILIES.wecom,
  },
  { title: { en: 'QQ bots', zh: 'QQ 机器人' }, rules: FAMILIES.qq },
];

const COLUMNS: readonly Text[] = [
  { en: 'code', zh: '错误码' },
  { en: 'at', zh: '调用' },
  { en: 'what it means', zh: '含义' },
  { en: 'class', zh: '类别' },
  { en: 'pause', zh: '间隔' },
  { en: 'what to do, and what the daemon does', zh: '处理方法，以及守护进程的做法' },
];

const OTHER: Text = { en: 'any other', zh: '其他' };
const CALLER: Text = { en: "the caller's address", zh: '调用方的地址' };
const NOTHING: Text = { en: 'Nothing: the daemon asks again.', zh: '无需处理：守护进程会再试。' };
const SUSPECT: Text = { en: 'The token is suspect.', zh: '该 token 视为可疑。' };
const UNCLEAR: Text = { en: 'The token may be dead.', zh: '该 token 可能已失效。' };
const BLAMES_SECRET: Text = {
  en: 'A daemon with another AppSecret may try.',
  zh: '持有另一个 AppSecret 的守护进程可以尝试。',
};
const BLAMES_TICKET: Text = {
  en: 'A newer pushed ticket is waited for.',
  zh: '等待推送更新的 ticket。',
};

const ENDS_AUTHORISATION: Text = {
  en: 'The token that is published counts as dead until a fetch succeeds.',
  zh: '在下一次获取成功之前，已发布的 token 视为已失效。',
};

export function errcodePage(language: Language): string {
  const parts = TABLES.map(({ title, text, rules, besides }) =>
    [
      `## ${title[language]}`,
      '',
      ...(text ? [text[language], ''] : []),
      ...tableOf(rules, besides, language),
      '',
    ].join('\n'),
  );
  return [INTRO[language], ...parts].join('\n');
}

function tableOf(
  { unknown, ...endpoints }: FamilyRules,
  besides: FamilyRules | undefined,
  language: Language,
) {
  const known = new Set(Object.values(besides ?? {}).flatMap((rules) => Object.values(rules as RuleTable)));
  // Codes of which the same is said at the same calls share a row.
  const places = new Map<ErrcodeRule, { readonly code: number; readonly at: string[] }>();
  for (const [endpoint, rules] of Object.entries(endpoints)) {
    for (const [code, rule] of Object.entries(rules)) {
      if (known.has(rule)) continue;
      const place = places.get(rule) ?? { code: Number(code), at: [] };
      place.at.push(`\`${endpoint}\``);
      places.set(rule, place);
    }
  }
  const rows = new Map<string, { readonly codes: readonly number[]; readonly said: string }>();
  for (const [rule, { code, at }] of places) {
    // By both languages, so that the rows of both pages are the same.
    const cells = LANGUAGES.map((one) => cellsOf(at.join(', '), rule, one).join(' | '));
    const row = rows.get(cells.join()) ?? { codes: [], said: cells[LANGUAGES.indexOf(language)] ?? '' };
    rows.set(cells.join(), { ...row, codes: [...row.codes, code].sort((one, other) => one - other) });
  }
  return [
    `| ${COLUMNS.map((column) => column[language]).join(' | ')} |`,
    `|${' --- |'.repeat(COLUMNS.length)}`,
    ...[...rows.values()]
      .sort(({ codes: [one = 0] }, { codes: [other = 0] }) => one - other)
      .map(({ codes, said }) => `| ${codes.join(', ')} | ${said} |`),
    ...(besides?.unknown === unknown
      ? []
      : [`| ${OTHER[language]} | ${cellsOf('`any`', unknown, language).join(' | ')} |`]),
  ];
}

function cellsOf(at: string, rule: ErrcodeRule, language: Language): string[] {
  const told = [
    ...(rule.advice ? [rule.advice] : []),
    ...(rule.token === 'suspect' ? [SUSPECT] : []),
    ...(rule.token === 'unclear' ? [UNCLEAR] : []),
    ...(rule.secret === 'refused' ? [BLAMES_SECRET] : []),
    ...(rule.pushedTicket === 'refused' ? [BLAMES_TICKET] : []),
    ...(rule.authorisation === 'gone' ? [ENDS_AUTHORISATION] : []),
  ];
  const fill = (text: Text) =>
    text[language]
      // Between words of Chinese there are no blanks.
      .replaceAll(language === 'zh' ? / ?\{ip\} ?/g : '{ip}', CALLER[language])
      .replaceAll('{errcode}', 'N');
  return [
    at,
    fill(rule.meaning),
    `\`${rule.class}\``,
    pauseOf(rule),
    (told.length === 0 ? [NOTHING] : told).map(fill).join(language === 'en' ? ' ' : ''),
  ];
}

function pauseOf({ backoff: { first, growth, cap } }: ErrcodeRule): string {
  return growth === 1 ? durationOf(first) : `${durationOf(first)} ×${growth} ≤ ${durationOf(cap)}`;
}

function durationOf(ms: number): string {
  if (ms % HOUR === 0) return `${ms / HOUR} h`;
  return ms % MINUTE === 0 ? `${ms / MINUTE} min` : `${ms / SECOND} s`;
}
