import type { Problem } from './config.ts';
import type { Complain } from './key-path.ts';
import type { Labels } from './labels.ts';

/** Gathers everything that is wrong. */
export interface Report {
  readonly complain: Complain;
  /** @param offset where it stands in the file; what is said of variables goes before all of it */
  add(where: string, what: string, offset?: number): void;
  /** In the order in which they stand, each once. */
  problems(): Problem[];
}

export function createReport(labels: Labels): Report {
  const found = new Map<string, Problem & { readonly offset: number }>();
  function add(where: string, what: string, offset = -1): void {
    const known = `${where}\0${what}`;
    if (!found.has(known)) found.set(known, { where, what, offset });
  }

  return {
    add,
    complain(path, what) {
      const { where, offset } = labels.of(path);
      add(where, what, offset);
    },
    problems: () =>
      [...found.values()].sort((a, b) => a.offset - b.offset).map(({ where, what }) => ({ where, what })),
  };
}
