import { escapeControls } from '../operations/escape.ts';
import { type Paint, painted, type Terminal } from './terminal.ts';
import { padded, shortened, widthOf } from './text-width.ts';

export interface Cell {
  readonly text: string;
  readonly paint?: Paint;
}

export interface Column {
  readonly title: string;
  /** It may lose its middle where the terminal is too narrow. */
  readonly yields?: boolean;
}

const GAP = 2;

/** What is left of a column that yields. */
const NARROWEST = 14;

/** Lines of a table. Whatever a path holds, nothing but our own colours reaches the terminal's controls. */
export function tableOf(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  terminal: Terminal,
): readonly string[] {
  const titles = columns.map(({ title }): Cell => ({ text: title, paint: 'faint' }));
  const all = [titles, ...rows].map((row) =>
    row.map(({ text, ...paint }) => ({ text: escapeControls(text), ...paint })),
  );
  const widths = columns.map((_, index) => Math.max(...all.map((row) => widthOf(row[index]?.text ?? ''))));
  const whole = widths.reduce((sum, width) => sum + width + GAP, -GAP);
  const excess = Math.max(0, whole - terminal.width);
  const narrowed = columns.map(({ yields }, index) => {
    const width = widths[index] ?? 0;
    return yields ? Math.max(Math.min(width, NARROWEST), width - excess) : width;
  });
  const ellipsis = terminal.unicode ? '…' : '...';
  return all.map((row) =>
    row
      .map(({ text, paint }, index) => {
        const width = narrowed[index] ?? 0;
        const fitting = columns[index]?.yields ? shortened(text, width, ellipsis) : text;
        const isLast = index === row.length - 1;
        return painted(fitting, paint, terminal) + (isLast ? '' : padded('', width + GAP - widthOf(fitting)));
      })
      .join('')
      .trimEnd(),
  );
}
