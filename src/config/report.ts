import { ConfigError, type Problem } from './config-error.ts';
import type { Complain } from './key-path.ts';
import type { Labels } from './labels.ts';

/** Gathers everything that is wrong. */
export interface Report {
  readonly complain: Complain;
  /**
   * @param offset where it stands in the file; what is said of variables goes before all of it
   * @throws {ConfigError} at the {@link MOST}th
   */
  add(where: string, what: string, offset?: number): void;
  /** In the order in which they stand, each once. */
  problems(): Problem[];
}

/** More of them are not mistakes but another kind of file: nobody reads on, and to find them all costs minutes. */
const MOST = 5_000;

/** @param inputs what was read: once it changes, it may be right */
export function createReport(labels: Labels, inputs: readonly string[]): Report {
  const found = new Map<string, Problem & { readonly offset: number }>();

  const problems = () =>
    [...found.values()].sort((a, b) => a.offset - b.offset).map(({ where, what }) => ({ where, what }));

  function add(where: string, what: string, offset = -1): void {
    const known = `${where}\0${what}`;
    if (found.has(known)) return;
    found.set(known, { where, what, offset });
    if (found.size < MOST) return;
    const rest = { where: 'and so on', what: `these are ${MOST} mistakes; what follows was not looked at` };
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
