import { inBrief } from '../../observability/log/duration.ts';
import type { Status, TargetStatus } from '../../observability/status/status.ts';
import { type Cell, type Column, type Paint, type Terminal, tableOf } from './table.ts';
import type { Told } from './told.ts';

/** Columns of the table. At their least widths they fit into 80 columns of the terminal. */
const COLUMNS: readonly Column[] = [
  { title: 'CREDENTIAL', least: 10 },
  { title: 'TITLE', yieldsTo: 14, least: 6 },
  { title: 'KIND' },
  { title: 'TARGET', yieldsTo: 14, least: 8 },
  { title: 'AGE' },
  { title: 'LIFE LEFT', brief: 'LEFT' },
  { title: 'ERROR', least: 8 },
  { title: 'NEXT STEP', brief: 'NEXT', least: 9 },
];

const NOTHING: Cell = { text: '' };

const TITLE = COLUMNS.findIndex(({ title }) => title === 'TITLE');

/** Renders a line for each target. The first line of a token or ticket also shows what applies to all its targets. */
export function statusTable(statuses: readonly Told[], terminal: Terminal): readonly string[] {
  const rows = statuses.flatMap((status) => rowsOf(status, terminal));
  const hasTitles = rows.some((row) => row[TITLE]?.text);
  const shown = <T>(columns: readonly T[]) => (hasTitles ? columns : columns.toSpliced(TITLE, 1));
  return tableOf(shown(COLUMNS), rows.map(shown), terminal);
}

function rowsOf(status: Told, terminal: Terminal): readonly (readonly Cell[])[] {
  const { credential, kind, optional, error, state_error, next } = status;
  const [first, ...others] = status.targets;
  const name = optional ? `${credential} (optional)` : credential;
  return [
    [
      { text: name, paint: 'strong' },
      { text: titleOn(terminal, status) ?? '' },
      { text: kind },
      { text: first ? pathOf(first) : '(not published)' },
      ageCell(first ?? status),
      lifeCell(first ?? status, status, terminal),
      errorCell(
        error ? `${error.code} ${times(error.failures, terminal)}` : (codeOf(first) ?? state_error?.code),
      ),
      nextCell(next),
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
  ];
}

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

function nextCell({ brief, in: seconds, overdue }: Status['next']): Cell {
  if (overdue) return { text: `overdue: ${brief}`, brief: 'overdue', paint: 'warning' };
  const when = `in ${inBrief(seconds)}`;
  return seconds > 0 ? { text: `${when}: ${brief}`, brief: when } : { text: brief };
}

export const PAINTS: Readonly<Record<TargetStatus['state'], Paint>> = {
  fresh: 'good',
  behind: 'warning',
  unknown: 'warning',
  dead: 'bad',
  missing: 'bad',
  unreadable: 'bad',
};

function lifeCell(
  { state, life_left }: Pick<TargetStatus, 'state' | 'life_left'>,
  { expires_in }: Pick<Status, 'expires_in'>,
  { unicode }: Terminal,
): Cell {
  const paint = PAINTS[state];
  if (state === 'unknown') return { text: 'life unknown', paint };
  if (life_left === undefined || expires_in === undefined || state === 'missing' || state === 'unreadable')
    return { text: state, paint };
  const [full, empty] = unicode ? ['▰', '▱'] : ['#', '-'];
  const tenths = tenthsOf(life_left, expires_in);
  const bar = full.repeat(tenths) + empty.repeat(10 - tenths);
  const words = state === 'dead' ? 'dead' : inBrief(life_left);
  const brief = `${words}${state === 'behind' ? ', behind' : ''}`;
  return { text: `${bar} ${brief}`, brief, paint };
}

/** Returns how many tenths of the life are left: at least one for a live token, none for a dead one. */
function tenthsOf(left: number, whole: number): number {
  return left <= 0 ? 0 : Math.min(10, Math.max(1, Math.round((10 * left) / whole)));
}
