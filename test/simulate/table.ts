import { SECOND } from '../../src/core/time.ts';
import type { Verdict } from './verdict.ts';

const HEAD = [
  'type',
  'daemons',
  'state',
  'fault',
  'calls/day',
  'max 24 h',
  'bad reads',
  'of reads',
  'worst gap',
  'bound',
];
const RIGHT = new Set([1, 4, 5, 6, 7, 8]);

/** The verdicts as lines of one table. */
export function table(verdicts: readonly Verdict[]): readonly string[] {
  return aligned([[...HEAD, ''], ...verdicts.map(cellsOf)], (column) => RIGHT.has(column));
}

/** Rows of equal length as lines of a table, the first row as its head. */
export function aligned(
  rows: readonly (readonly string[])[],
  isRight: (column: number) => boolean,
): readonly string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const rule = widths.map((width) => '-'.repeat(width));
  return [rows[0] ?? [], rule, ...rows.slice(1)].map((row) =>
    row
      .map((cell, column) =>
        isRight(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}

function cellsOf(verdict: Verdict): string[] {
  const { scenario, bound, apart, broken } = verdict;
  return [
    scenario.type,
    String(scenario.daemons),
    scenario.state,
    scenario.fault.name,
    verdict.callsPerDay.toFixed(2),
    String(verdict.mostInADay),
    apart > 0 ? `${verdict.bad} (+${apart})` : String(verdict.bad),
    String(verdict.reads),
    verdict.worstGap > 0 ? `${Math.ceil(verdict.worstGap / SECOND)} s` : '-',
    bound.text,
    broken.length === 0 ? 'ok' : `NOT OK: ${broken.join('; ')}`,
  ];
}
