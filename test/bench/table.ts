import type { Row } from './row.ts';

const HEAD = ['what', 'ours', 'bare Node', 'figure', 'budget', ''];

/** As a table that is read in a terminal and in Markdown. */
export function budgetTable(rows: readonly Row[]): string {
  return markdown([
    HEAD,
    ...rows.map(({ what, ours, bare, figure, budget = '', met }) => [
      ...[what, ours, bare, figure, budget],
      met === undefined ? '' : met ? 'met' : 'not met',
    ]),
  ]);
}

/** @param rows the first is the head */
export function markdown(rows: readonly (readonly string[])[]): string {
  const [head = [], ...rest] = rows;
  const widths = head.map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rest.map(line)].join('\n');
}
