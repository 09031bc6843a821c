import { type Text, verbatim } from '../core/text.ts';
import type { Complain } from '../schema/key-path.ts';
import { ConfigError, type Problem, problemLine, type Reading } from './config-error.ts';
import type { Labels } from './labels.ts';

/** Collects the problems of a configuration. */
export interface Report {
  readonly complain: Complain;
  /**
   * Adds one problem.
   * @param offset offset of the problem in the file; the default, -1, sorts problems of variables before all others
   * @throws {ConfigError} once {@link MAX_PROBLEMS} problems have been found
   */
  add(where: Text, what: Text, offset?: number): void;
  /** Returns the distinct problems in the order of their offsets. */
  problems(): Problem[];
}

/**
 * Largest number of problems that are reported. A file with more is probably not a configuration: nobody reads that
 * many, and finding them all takes minutes.
 */
const MAX_PROBLEMS = 5_000;

const REST: Problem = {
  where: { en: 'and so on', zh: '等等' },
  what: {
    en: `these are ${MAX_PROBLEMS} mistakes; what follows was not looked at`,
    zh: `以上是 ${MAX_PROBLEMS} 个错误；后面的没有检查`,
  },
};

/**
 * Creates an empty report.
 * @param reading what an error that ends the reading says of it
 */
export function createReport(labels: Labels, reading: Reading): Report {
  const found = new Map<string, Problem & { readonly offset: number }>();

  const problems = () =>
    [...found.values()].sort((a, b) => a.offset - b.offset).map(({ where, what }) => ({ where, what }));

  function add(where: Text, what: Text, offset = -1): void {
    const known = problemLine({ where, what }).en;
    if (found.has(known)) return;
    found.set(known, { where, what, offset });
    if (found.size < MAX_PROBLEMS) return;
    throw new ConfigError([...problems(), REST], reading);
  }

  return {
    add,
    complain(path, what) {
      const { where, offset } = labels.of(path);
      add(verbatim(where), what, offset);
    },
    problems,
  };
}
