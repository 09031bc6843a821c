import type { Language } from '../../core/text.ts';
import { SECOND } from '../../core/time.ts';
import { inWords } from '../log/duration.ts';
import { type Html, html } from './page-style.ts';
import type { TargetStatus } from './status.ts';

/** Every text of the page, in every language, except for what the status itself says: its next steps, errors and advice. */

type States = Readonly<Record<TargetStatus['state'], string>>;

/** Each state has its own words and its own sign, because colour alone tells some people nothing. */
const STATES: States = {
  fresh: '✓ fresh',
  behind: '◐ holds the one before',
  dead: '✕ dead',
  missing: '○ not published',
  unreadable: '⊘ unreadable',
  unknown: '? life unknown',
};

const ENGLISH = {
  /** Language tag of the page. */
  tag: 'en',
  spoken: (seconds: number) => spokenIn('en', seconds),

  states: STATES,
  inTrouble: '⚠ fresh, but in trouble',
  optional: 'optional',
  labels: {
    account: 'Account',
    published: 'Published',
    next: 'Next',
    calls: 'Calls',
    toDo: 'To do:',
  },
  nowhere: 'nowhere',

  /** Headlines; those about one credential do not count. */
  oneDead: 'Readers have no live token',
  oneInTrouble: 'In trouble',
  oneFresh: 'Fresh',
  manyDead: (count: number, all: number) => `${count} of ${all} dead or missing`,
  manyInTrouble: (count: number, all: number) => `${count} of ${all} in trouble`,
  allFresh: (all: number) => `All ${all} are fresh`,
  /** What is shown, where, and as of when. */
  subtitle(tokens: number, tickets: number, host: string, at: Html): Html {
    const count = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`;
    const what = [count(tokens, 'token'), ...(tickets > 0 ? [count(tickets, 'ticket')] : [])].join(' and ');
    return html`${what} on ${host}, as of ${at}`;
  },
  more: (count: number) => `and ${count} more, none of them worse than these and none of them on this page`,

  readersFindNothing: 'Readers find nothing.',
  someReadersFindNothing: 'Some readers find nothing.',
  noLifeLeft: 'No life left',
  left: (life: string) => html`<b>${life}</b> left`,
  old: (age: string) => html`${age} old`,
  ends: (at: Html) => html`ends ${at}`,
  ended: (at: Html) => html`ended ${at}`,
  nextIn: (wait: string, what: string) => `in ${wait}: ${what}`,
  nextNow: (what: string) => `now: ${what}`,
  errcode: (code: number) => `errcode ${code}`,
  onceAgo: (ago: string, at: Html) => html`once, ${ago} ago, at ${at}`,
  inARow: (times: number, lasting: string, at: Html) =>
    html`${times} times in a row for ${lasting}, since ${at}`,
  unwritten: (lasting: string, at: Html, restart: string) => html`for ${lasting}, since ${at}; ${restart}`,
  fetches: (used: number, limit: number) => `${used} of ${limit} fetches`,
  forced: (used: number, limit: number) => `, ${used} of ${limit} forced`,
  inADay: ' in 24 hours',

  chart: (counts: string) => `calls of the last 24 hours: ${counts}`,
  counts: (good: number, failed: number) => `${good} good, ${failed} failed`,
  noCalls: 'no calls',
  hoursAgo: '24 h ago',
  now: 'now',

  /** The script replaces `{shown}`, `{all}` and `{at}`. */
  filter: 'Filter',
  filterHint: 'name, title, AppID or state',
  filterCount: '{shown} of {all} shown',
  stale: 'The daemon has not answered since {at}. What you see is from then.',
  footer: (version: string, seconds: number) =>
    `wx-token-sidecar ${version}, renewed every ${seconds} s. Nothing here is secret.`,
  forPrograms: 'Programs get the same as JSON at this address.',
};

/** The texts of the page in one language. */
export type PageTexts = typeof ENGLISH;

const CHINESE_STATES: States = {
  fresh: '✓ 新鲜',
  behind: '◐ 里是上一个',
  dead: '✕ 已失效',
  missing: '○ 未发布',
  unreadable: '⊘ 无法读取',
  unknown: '? 有效期未知',
};

const CHINESE: PageTexts = {
  tag: 'zh-CN',
  spoken: (seconds) => spokenIn('zh', seconds),
  states: CHINESE_STATES,
  inTrouble: '⚠ 新鲜，但有问题',
  optional: '可选',
  labels: { account: '账号', published: '已发布', next: '下一步', calls: '调用', toDo: '处理：' },
  nowhere: '没有',

  oneDead: '读取方没有有效的 token',
  oneInTrouble: '有问题',
  oneFresh: '新鲜',
  manyDead: (count, all) => `${all} 份中有 ${count} 份失效或缺失`,
  manyInTrouble: (count, all) => `${all} 份中有 ${count} 份有问题`,
  allFresh: (all) => `${all} 份全部新鲜`,
  subtitle(tokens, tickets, host, at) {
    const what = [`${tokens} 个 token`, ...(tickets > 0 ? [`${tickets} 张票据`] : [])].join(' 和 ');
    return html`${host} 上的 ${what}，截至 ${at}`;
  },
  more: (count) => `另有 ${count} 份，状况都不比这些差，没有显示在本页上`,

  readersFindNothing: '读取方找不到任何内容。',
  someReadersFindNothing: '有些读取方找不到任何内容。',
  noLifeLeft: '已经过期',
  left: (life) => html`剩余 <b>${life}</b>`,
  old: (age) => html`已存在 ${age}`,
  ends: (at) => html`${at} 过期`,
  ended: (at) => html`已于 ${at} 过期`,
  nextIn: (wait, what) => `${wait}后：${what}`,
  nextNow: (what) => `现在：${what}`,
  errcode: (code) => `errcode ${code}`,
  onceAgo: (ago, at) => html`一次，${ago}前，于 ${at}`,
  inARow: (times, lasting, at) => html`连续 ${times} 次，持续 ${lasting}，始于 ${at}`,
  unwritten: (lasting, at, restart) => html`持续 ${lasting}，始于 ${at}；${restart}`,
  fetches: (used, limit) => `获取 ${used} 次，限额 ${limit} 次`,
  forced: (used, limit) => `；强制 ${used} 次，限额 ${limit} 次`,
  inADay: '（24 小时内）',

  chart: (counts) => `最近 24 小时的调用：${counts}`,
  counts: (good, failed) => `成功 ${good} 次，失败 ${failed} 次`,
  noCalls: '没有调用',
  hoursAgo: '24 小时前',
  now: '现在',

  filter: '筛选',
  filterHint: '名称、标题、AppID 或状态',
  filterCount: '显示 {shown} 份，共 {all} 份',
  stale: '守护进程从 {at} 起没有应答。下面是当时的状态。',
  footer: (version, seconds) => `wx-token-sidecar ${version}，每 ${seconds} 秒更新一次。这里没有任何机密。`,
  forPrograms: '程序从本地址得到同样内容的 JSON。',
};

export const PAGE_TEXTS: Readonly<Record<Language, PageTexts>> = { en: ENGLISH, zh: CHINESE };

/** Formats a duration without a last part that is zero: `3 min`, not `3 min 0 s`. */
function spokenIn(language: Language, seconds: number): string {
  return inWords(seconds * SECOND, language).replace(/ 0 \S+$/, '');
}

/**
 * Renders a moment in UTC. The script of the page adds the reader's own time.
 * @param epoch epoch seconds
 * @param wall the current time, epoch ms: on the same day the time without the date is enough
 */
export function moment(epoch: number, wall?: number): Html {
  const iso = new Date(Math.floor(epoch) * SECOND).toISOString();
  const [day, time] = [iso.slice(0, 10), iso.slice(11, 19)];
  const isToday = wall !== undefined && new Date(wall).toISOString().startsWith(day);
  return html`<time datetime="${iso}">${isToday ? time.slice(0, 5) : `${day} ${time}`} UTC</time>`;
}
