import { escapeControls } from '../operations/escape.ts';
import { type Paint, painted, type Terminal } from './terminal.ts';
import { padded, shortened, widthOf } from './text-width.ts';

export interface Cell {
  readonly text: string;
  /** What takes its place where the terminal is too narrow for the column. */
  readonly brief?: string;
  readonly paint?: Paint;
}

export interface Column {
  readonly title: string;
  /** The title where the cells are brief. */
  readonly brief?: string;
  /** Columns it may be narrowed to before anything else gives way; what is longer loses its middle. */
  readonly yieldsTo?: number;
  /** Columns it may be narrowed to when nothing else is left. */
  readonly least?: number;
}

type Row = readonly Cell[];

const GAP = 2;

/** Lines of a table. Whatever a path holds, nothing but our own colours reaches the terminal's controls. */
export function tableOf(
  columns: readonly Column[],
  rows: readonly Row[],
  terminal: Terminal,
): readonly string[] {
  const titles = columns.map(
    ({ title, brief }): Cell => ({ text: title, ...(brief && { brief }), paint: 'faint' }),
  );
  const { all, widths } = fitted(columns, [titles, ...rows.map((row) => row.map(shown(terminal)))], terminal);
  const ellipsis = terminal.unicode ? '…' : '...';
  return all.map((row) =>
    row
      .map(({ text, paint }, index) => {
        const width = widths[index] ?? 0;
        const fitting = shortened(text, width, ellipsis);
        const isLast = index === row.length - 1;
        return painted(fitting, paint, terminal) + (isLast ? '' : padded('', width + GAP - widthOf(fitting)));
      })
      .join('')
      .trimEnd(),
  );
}

/** What of a cell arrives. */
function shown({ unicode }: Terminal): (cell: Cell) => Cell {
  const safe = (text: string) => {
    const escaped = escapeControls(text);
    return unicode ? escaped : escaped.replace(/[^ -~]/gu, '?');
  };
  return ({ text, brief, ...paint }) => ({
    text: safe(text),
    ...(brief !== undefined && { brief: safe(brief) }),
    ...paint,
  });
}

/** First the columns yield that always may, then one after another says it in brief, and in the end all get narrow. */
function fitted(columns: readonly Column[], rows: readonly Row[], { width }: Terminal) {
  const comfortable = columns.map(({ yieldsTo }) => yieldsTo ?? Number.POSITIVE_INFINITY);
  const briefs = columns.flatMap((_, index) => (rows.some((row) => row[index]?.brief) ? [index] : []));
  for (let count = 0; count <= briefs.length; count += 1) {
    const all = inBrief(rows, briefs.slice(0, count));
    const widths = narrowed(widthsOf(columns, all), comfortable, width);
    if (whole(widths) <= width) return { all, widths };
  }
  const all = inBrief(rows, briefs);
  const least = columns.map((column) => column.least ?? Number.POSITIVE_INFINITY);
  return { all, widths: narrowed(widthsOf(columns, all), least, width) };
}

function inBrief(rows: readonly Row[], which: readonly number[]): readonly Row[] {
  return rows.map((row) =>
    row.map((cell, index) => (which.includes(index) ? { ...cell, text: cell.brief ?? cell.text } : cell)),
  );
}

function widthsOf(columns: readonly Column[], rows: readonly Row[]): number[] {
  return columns.map((_, index) => Math.max(...rows.map((row) => widthOf(row[index]?.text ?? ''))));
}

function whole(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width + GAP, -GAP);
}

/** The one with the most to give away gives first. */
function narrowed(widths: readonly number[], least: readonly number[], width: number): readonly number[] {
  const now = [...widths];
  for (let excess = whole(now) - width; excess > 0; excess -= 1) {
    const spare = now.map((one, index) => one - (least[index] ?? one));
    const most = Math.max(...spare);
    if (most <= 0) break;
    const widest = spare.indexOf(most);
    now[widest] = (now[widest] ?? 0) - 1;
  }
  return now;
}
