import { en, inLanguage, type Language, type Text, zh } from '../../core/text.ts';
import { inBrief } from '../../observability/log/duration.ts';
import type { Status, TargetStatus } from '../../observability/status/status.ts';
import { type Cell, type Column, type Paint, type Terminal, tableOf } from './table.ts';
import type { Told } from './told.ts';

/** Columns of the table. At their least widths they fit into 80 columns of the terminal. */
const COLUMNS = [
  { title: { en: 'CREDENTIAL', zh: '凭据' }, least: 7 },
  { title: { en: 'TITLE', zh: '标题' }, yieldsTo: 14, least: 6 },
  { title: { en: 'KIND', zh: '种类' }, least: 10 },
  { title: { en: 'TARGET', zh: '目标' }, yieldsTo: 14, least: 7 },
  { title: { en: 'AGE', zh: '已存在' } },
  { title: { en: 'LIFE LEFT', zh: '剩余有效期' }, brief: { en: 'LEFT', zh: '剩余' } },
  { title: { en: 'ERROR', zh: '错误' }, least: 7 },
  { title: { en: 'NEXT STEP', zh: '下一步' }, brief: { en: 'NEXT', zh: '下一步' }, least: 9 },
] as const satisfies readonly ColumnTexts[];

type ColumnTexts = Omit<Column, 'title' | 'brief'> & { readonly title: Text; readonly brief?: Text };

const NOTHING: Cell = { text: '' };

const TITLE = COLUMNS.findIndex(({ title }) => title.en === 'TITLE');

function columnsIn(language: Language): readonly Column[] {
  return COLUMNS.map(({ title, brief, ...column }: ColumnTexts) => ({
    ...column,
    title: title[language],
    ...(brief && { brief: brief[language] }),
  }));
}

/** Renders a line for each target. The first line of a token or ticket also shows what applies to all its targets. */
export function statusTable(statuses: readonly Told[], terminal: Terminal): readonly string[] {
  const rows = statuses.flatMap((status) => rowsOf(status, terminal));
  const hasTitles = rows.some((row) => row[TITLE]?.text);
  const shown = <T>(columns: readonly T[]) => (hasTitles ? columns : columns.toSpliced(TITLE, 1));
  return tableOf(shown(columnsIn(terminal.language)), rows.map(shown), terminal);
}

function rowsOf(status: Told, terminal: Terminal): readonly (readonly Cell[])[] {
  const { credential, kind, optional, error, state_error, next } = status;
  const { language } = terminal;
  const [first, ...others] = status.targets;
  const name = optional ? optionalName(credential)[language] : credential;
  return [
    [
      { text: name, paint: 'strong' },
      { text: titleOn(terminal, status) ?? '' },
      { text: kind },
      { text: first ? pathOf(first) : NOT_PUBLISHED[language] },
      ageCell(first ?? status),
      lifeCell(first ?? status, status, terminal),
      errorCell(
        error ? `${error.code} ${times(error.failures, terminal)}` : (codeOf(first) ?? state_error?.code),
      ),
      nextCell(next, language),
    ],
    ...others.map((target): readonly Cell[] => [
      NOTHING,
      NOTHING,
      NOTHING,
      { text: pathOf(target) },
      ageCell(target),
      lifeCell(target, status, terminal),
      { text: codeOf(target) ?? '', paint: 'bad' },
    ]),
    ...(status.pushed_ticket ? [pushedTicketRow(status.pushed_ticket, terminal)] : []),
  ];
}

const NOT_PUBLISHED: Text = { en: '(not published)', zh: '（未发布）' };

function optionalName(credential: string): Text {
  return { en: `${credential} (optional)`, zh: `${credential}（可选）` };
}

/** The line of the ticket that the platform pushes. It has no target: the token is fetched with it. */
function pushedTicketRow(
  { state, age, error, trouble }: NonNullable<Told['pushed_ticket']>,
  terminal: Terminal,
): readonly Cell[] {
  const { language } = terminal;
  const { words, paint } = PUSHES[state];
  // Where none have come that were not taken, the state says as much.
  const lost = trouble?.count === undefined ? undefined : `${trouble.code} ${times(trouble.count, terminal)}`;
  return [
    NOTHING,
    NOTHING,
    { text: 'ticket-in' },
    { text: PUSHED[language] },
    ageCell({ ...(age !== undefined && { age }) }),
    { text: words[language], paint },
    errorCell(lost ?? error?.code),
  ];
}

const PUSHED: Text = { en: '(pushed)', zh: '（推送）' };

type PushState = NonNullable<Told['pushed_ticket']>['state'];

const PUSHES: Readonly<Record<PushState, { readonly words: Text; readonly paint: Paint }>> = {
  flowing: { words: { en: 'flowing', zh: '正常' }, paint: 'good' },
  quiet: { words: { en: 'quiet', zh: '推送中断' }, paint: 'warning' },
  ending: { words: { en: 'ending', zh: '即将失效' }, paint: 'bad' },
  none: { words: { en: 'none', zh: '从未收到' }, paint: 'bad' },
};

/** Returns the title of a credential, if the terminal can show it: question marks would tell nobody anything. */
export function titleOn({ unicode }: Terminal, { title }: Pick<Told, 'title'>): string | undefined {
  return title !== undefined && (unicode || /^[ -~]*$/.test(title)) ? title : undefined;
}

/** Shows the age of the token that the target holds; the life cell describes the same token. */
function ageCell({ age }: Pick<TargetStatus, 'age'>): Cell {
  return { text: age === undefined ? '-' : inBrief(age) };
}

function errorCell(code: string | undefined): Cell {
  return code === undefined ? { text: '-' } : { text: code, paint: 'bad' };
}

/** Returns the error code, unless the column before it already says the same. */
function codeOf({ error, state }: Partial<TargetStatus> = {}): string | undefined {
  return error?.code === state ? undefined : error?.code;
}

export function pathOf({ id }: TargetStatus): string {
  return id.replace(/^file:/, '');
}

function times(count: number, { unicode }: Terminal): string {
  return `${unicode ? '×' : 'x'}${count}`;
}

const OVERDUE: Text = { en: 'overdue', zh: '已逾期' };

function nextCell(next: Status['next'], language: Language): Cell {
  const { in: seconds, overdue } = next;
  const { brief } = inLanguage(next, language);
  const step = (when: Text): Text => ({ en: en`${when}: ${brief}`, zh: zh`${when}：${brief}` });
  if (overdue) return { text: step(OVERDUE)[language], brief: OVERDUE[language], paint: 'warning' };
  if (seconds <= 0) return { text: brief };
  const when: Text = { en: `in ${inBrief(seconds)}`, zh: `${inBrief(seconds)} 后` };
  return { text: step(when)[language], brief: when[language] };
}

export const PAINTS: Readonly<Record<TargetStatus['state'], Paint>> = {
  fresh: 'good',
  behind: 'warning',
  unknown: 'warning',
  dead: 'bad',
  missing: 'bad',
  unreadable: 'bad',
};

const HAS_LIFE: ReadonlySet<TargetStatus['state']> = new Set(['fresh', 'behind', 'dead']);

const STATES: Readonly<Record<TargetStatus['state'], Text>> = {
  fresh: { en: 'fresh', zh: '新鲜' },
  behind: { en: 'behind', zh: '旧的' },
  unknown: { en: 'life unknown', zh: '有效期未知' },
  dead: { en: 'dead', zh: '已失效' },
  missing: { en: 'missing', zh: '缺失' },
  unreadable: { en: 'unreadable', zh: '无法读取' },
};

function lifeCell(
  { state, life_left }: Pick<TargetStatus, 'state' | 'life_left'>,
  { expires_in }: Pick<Status, 'expires_in'>,
  { unicode, language }: Terminal,
): Cell {
  const paint = PAINTS[state];
  if (life_left === undefined || expires_in === undefined || !HAS_LIFE.has(state))
    return { text: STATES[state][language], paint };
  const [full, empty] = unicode ? ['▰', '▱'] : ['#', '-'];
  const tenths = tenthsOf(life_left, expires_in);
  const bar = full.repeat(tenths) + empty.repeat(10 - tenths);
  const words = state === 'dead' ? STATES.dead[language] : inBrief(life_left);
  const brief = state === 'behind' ? { en: `${words}, behind`, zh: `${words}，旧的` }[language] : words;
  return { text: `${bar} ${brief}`, brief, paint };
}

/** Returns how many tenths of the life are left: at least one for a live token, none for a dead one. */
function tenthsOf(left: number, whole: number): number {
  return left <= 0 ? 0 : Math.min(10, Math.max(1, Math.round((10 * left) / whole)));
}
