import { textsOf } from '../../core/failure.ts';
import { ridInWords } from '../../core/rid.ts';
import {
  type Bilingual,
  COMMA,
  en,
  inLanguage,
  joined,
  type Text,
  text,
  verbatim,
  zh,
} from '../../core/text.ts';
import { durationText } from '../../observability/log/duration.ts';
import { escapeControls } from '../../observability/log/escape.ts';
import type { ServerStatus } from '../../observability/status/server-status.ts';
import type { Standing, Status, TargetError } from '../../observability/status/status.ts';
import { PAINTS, pathOf, titleOn } from './status-table.ts';
import { padded, painted, readableWidth, type Terminal, wrapped } from './table.ts';
import type { Told } from './told.ts';

type Line = readonly [label: Text, text: Text];

/** Labels of the lines. */
const LABELS = {
  error: { en: 'error', zh: '错误' },
  toDo: { en: 'to do', zh: '处理' },
  answer: { en: 'answer', zh: '应答' },
  since: { en: 'since', zh: '开始于' },
  record: { en: 'record', zh: '记录' },
  restart: { en: 'restart', zh: '重启' },
  target: { en: 'target', zh: '目标' },
  pushes: { en: 'pushes', zh: '推送' },
  next: { en: 'next', zh: '下一步' },
} as const satisfies Readonly<Record<string, Text>>;

/** Width of a label in columns, including the blanks after it. */
const LABEL = 10;

export function isInTrouble({ state, error, state_error, pushed_ticket, targets, next }: Told): boolean {
  const isLate = targets.some(isNotWell);
  return (
    state !== 'fresh' || isLate || Boolean(error ?? state_error ?? pushed_ticket?.trouble ?? next.overdue)
  );
}

/**
 * Describes in full what is wrong with a credential and what a person can do. The last line says what happens by
 * itself.
 */
export function troubleOf(status: Told, at: number, terminal: Terminal): readonly string[] {
  const { credential, kind, account, state } = status;
  const title = titleOn(terminal, status);
  const { language } = terminal;
  const called = title === undefined ? ' ' : titled(escapeControls(title))[language];
  const name = `${painted(escapeControls(credential), 'strong', terminal)}${called}${kind} `;
  const lines = linesOf(status, at).flatMap((line) => laidOut(line, terminal));
  const words = painted(WORDS[state][language], PAINTS[state], terminal);
  return [`${name}${words}${COLON[language]}${escapeControls(account)}`, ...lines];
}

/** Describes a server of the daemon that cannot listen, and what a person can do. */
export function serverTroubleOf(server: ServerStatus, at: number, terminal: Terminal): readonly string[] {
  const { setting, problem: found } = server;
  if (!found) return [];
  const { language } = terminal;
  const { what } = inLanguage<ServerName>(server, language);
  const lines: readonly Line[] = [...problem(LABELS.error, found), sinceLine(found.since, at)];
  const title = `${painted(what, 'strong', terminal)} ${painted(UNREACHABLE[language], 'bad', terminal)}`;
  return [
    `${title}${COLON[language]}${escapeControls(setting)}`,
    ...lines.flatMap((line) => laidOut(line, terminal)),
  ];
}

/** A server as people call it. */
type ServerName = Pick<ServerStatus, 'what'> & Bilingual<Pick<ServerStatus, 'what'>>;

const COLON: Text = { en: ': ', zh: '：' };

function titled(title: string): Text {
  return { en: ` (${title}) `, zh: `（${title}）` };
}

const UNREACHABLE: Text = { en: 'cannot be reached', zh: '无法访问' };

const WORDS: Readonly<Record<Standing, Text>> = {
  fresh: { en: 'is fresh', zh: '新鲜' },
  dead: { en: 'is dead', zh: '已失效' },
  missing: { en: 'is missing', zh: '缺失' },
  unreadable: { en: 'cannot be read', zh: '无法读取' },
  unknown: { en: 'has an unknown life', zh: '有效期未知' },
};

/** Whether readers do not find the newest value in a target, or not as it was configured. */
function isNotWell({ state, error }: Told['targets'][number]): boolean {
  return state !== 'fresh' || error?.code === 'mode-not-had';
}

function linesOf({ error, state_error, pushed_ticket, targets, next }: Told, at: number): readonly Line[] {
  const lines: Line[] = [];
  if (error) {
    const { errcode, rid, failures, since } = error;
    const codes: readonly Text[] = [
      ...(errcode === undefined ? [] : [verbatim(`errcode ${errcode}`)]),
      ...(rid === undefined ? [] : [text((say) => `rid ${say(ridInWords(rid))}`)]),
    ];
    lines.push(...problem(LABELS.error, error));
    if (codes.length > 0) lines.push([LABELS.answer, joined(codes, COMMA)]);
    lines.push(sinceLine(since, at, howOften(failures)));
  }
  if (state_error) {
    const { since, restart, zh: translated } = state_error;
    lines.push(...problem(LABELS.record, state_error));
    if (since !== undefined) lines.push(sinceLine(since, at));
    if (restart !== undefined)
      lines.push([LABELS.restart, { en: restart, zh: translated?.restart ?? restart }]);
  }
  if (pushed_ticket) lines.push(...pushLines(pushed_ticket, at));
  for (const target of targets.filter(isNotWell)) {
    const { state, error: why } = target;
    const [path, holds] = [pathOf(target), OF_TARGET[state]];
    const found: Text = { en: en`${path} ${holds}`, zh: zh`${path} ${holds}` };
    lines.push(...(why ? problem(LABELS.target, why) : [[LABELS.target, found] as const]));
  }
  lines.push([LABELS.next, nextText(next)]);
  return lines;
}

function pushLines({ trouble, error }: NonNullable<Told['pushed_ticket']>, at: number): readonly Line[] {
  return [
    ...(trouble ? problem(LABELS.pushes, trouble) : []),
    ...(trouble?.since === undefined ? [] : [sinceLine(trouble.since, at, howOften(trouble.count ?? 1))]),
    ...(error ? problem(LABELS.pushes, error) : []),
  ];
}

function howOften(count: number): Text {
  return count === 1
    ? { en: ', once', zh: '，一次' }
    : { en: `, ${count} times in a row`, zh: `，连续 ${count} 次` };
}

function nextText({ in: seconds, what, zh: translated, overdue }: Told['next']): Text {
  const step: Text = { en: what, zh: translated?.what ?? what };
  if (overdue)
    return {
      en: en`overdue: ${step}; the last line tells of the daemon`,
      zh: zh`已逾期：${step}；最后一行说明守护进程的情况`,
    };
  const when = durationText(seconds * 1000);
  return seconds > 0 ? { en: en`in ${when}: ${step}`, zh: zh`${when}后：${step}` } : step;
}

const OF_TARGET: Readonly<Record<Status['targets'][number]['state'], Text>> = {
  fresh: { en: 'holds the newest one', zh: '里是最新的' },
  behind: { en: 'holds an older one, which still works', zh: '里是上一个，它仍然可用' },
  dead: {
    en: 'holds one that has ended or was replaced long ago',
    zh: '里的已经过期，或早已被更换',
  },
  missing: { en: 'is missing', zh: '缺失' },
  unreadable: { en: 'cannot be read', zh: '无法读取' },
  unknown: { en: 'is there; when it ends is not known', zh: '存在；不知道何时过期' },
};

function problem(label: Text, error: Omit<TargetError, 'code'>): readonly Line[] {
  const { message, advice } = textsOf(error);
  return [[label, message], ...(advice ? [[LABELS.toDo, advice] as const] : [])];
}

function sinceLine(since: number, at: number, more: Text = verbatim('')): Line {
  const [date, ago] = [dateOf(since), durationText(Math.max(0, at - since) * 1000)];
  return [LABELS.since, { en: en`${date}, ${ago} ago${more}`, zh: zh`${date}，${ago}前${more}` }];
}

function dateOf(epoch: number): string {
  return new Date(epoch * 1000).toISOString().replace(/\.\d+/, '');
}

/** Lays out a label and its text: wrapped to a readable width for a person, on one line for a program. */
function laidOut([label, text]: Line, terminal: Terminal): readonly string[] {
  const { width, language } = terminal;
  const room = readableWidth(width);
  const [first = '', ...rest] = wrapped(escapeControls(text[language]), room - LABEL - 2);
  return [
    `  ${painted(padded(label[language], LABEL), 'faint', terminal)}${first}`,
    ...rest.map((line) => ' '.repeat(LABEL + 2) + line),
  ];
}
