import type { Complain } from '../schema/key-path.ts';
import { ConfigError, type Problem } from './config-error.ts';
import type { Labels } from './labels.ts';

/** Collects the problems of a configuration. */
export interface Report {
  readonly complain: Complain;
  /**
   * Adds one problem.
   * @param offset offset of the problem in the file; the default, -1, sorts problems of variables before all others
   * @throws {ConfigError} once {@link MAX_PROBLEMS} problems have been found
   */
  add(where: string, what: string, offset?: number): void;
  /** Returns the distinct problems in the order of their offsets. */
  problems(): Problem[];
}

/**
 * Largest number of problems that are reported. A file with more is probably not a configuration: nobody reads that
 * many, and finding them all takes minutes.
 */
const MAX_PROBLEMS = 5_000;

/**
 * Creates an empty report.
 * @param inputs the files that were read; a change of any of them may fix the configuration
 */
export function createReport(labels: Labels, inputs: readonly string[]): Report {
  const found = new Map<string, Problem & { readonly offset: number }>();

  const problems = () =>
    [...found.values()].sort((a, b) => a.offset - b.offset).map(({ where, what }) => ({ where, what }));

  function add(where: string, what: string, offset = -1): void {
    const known = `${where}\0${what}`;
    if (found.has(known)) return;
    found.set(known, { where, what, offset });
    if (found.size < MAX_PROBLEMS) return;
    const rest = {
      where: 'and so on',
      what: `these are ${MAX_PROBLEMS} mistakes; what follows was not looked at`,
    };
    throw new ConfigError([...problems(), rest], inputs);
  }

  return {
    add,
    complain(path, what) {
      const { where, offset } = labels.of(path);
      add(where, what, offset);
    },
    problems,
  };
}
