import { SECOND } from '../../../src/core/time.ts';
import { aligned } from '../table.ts';
import type { Verdict } from './verdict.ts';

const HEAD = [
  'accounts',
  'what goes wrong',
  'calls/day and account',
  'most of one',
  'of the component',
  'lists/day',
  'starts/day',
  'dead reads',
  'unavoidable',
  'of reads',
  'worst gap',
  'most in 1 s',
  'at once',
];
const LEFT = new Set([1, HEAD.length]);

/** The verdicts as lines of one table. */
export function table(verdicts: readonly Verdict[]): readonly string[] {
  return aligned([[...HEAD, ''], ...verdicts.map(cellsOf)], (column) => !LEFT.has(column));
}

function cellsOf(verdict: Verdict): string[] {
  const { scenario, broken, worstGap } = verdict;
  return [
    String(scenario.accounts),
    scenario.trouble.name,
    verdict.perAccount.toFixed(2),
    verdict.mostOfOne.toFixed(2),
    verdict.ofComponent.toFixed(2),
    verdict.listings.toFixed(1),
    verdict.starts.toFixed(1),
    String(verdict.avoidable),
    String(verdict.unavoidable),
    String(verdict.reads),
    worstGap > 0 ? `${Math.ceil(worstGap / SECOND)} s` : '-',
    String(verdict.mostInASecond),
    String(verdict.mostAtOnce),
    broken.length === 0 ? 'ok' : `NOT OK: ${broken.join('; ')}`,
  ];
}
