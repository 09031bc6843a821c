import type { Problem } from './config.ts';

/** Part of the product, not of this version: silence would look like consent. */
const LATER = new Set(['WXTOKEN_CONFIG', 'WXTOKEN_LISTEN']);

/**
 * What Kubernetes injects into every pod for a Service whose name begins with `wxtoken`. One that is called
 * `wxtoken-schedule` brings WXTOKEN_SCHEDULE_PORT: nothing tells that from a typing mistake.
 */
const INJECTED =
  /^WXTOKEN(_[A-Z0-9_]+)?_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;

/** A typing mistake must not be silent: every variable of ours that is none, with the one that was probably meant. */
export function unknownNames(given: readonly string[], known: readonly string[]): Problem[] {
  return given
    .filter((name) => !known.includes(name) && !INJECTED.test(name))
    .map((name) => {
      if (LATER.has(name)) return { where: name, what: 'is not supported by this version yet' };
      const meant = closest(name, known);
      return {
        where: name,
        what: `is not a variable of this program${meant ? `; did you mean ${meant}?` : ''}`,
      };
    });
}

/** The candidate fewest edits away, if it is near enough to be a typing mistake. */
function closest(name: string, candidates: readonly string[]): string | undefined {
  const [best] = candidates
    .map((candidate) => ({ candidate, edits: distance(name, candidate) }))
    .sort((a, b) => a.edits - b.edits);
  return best && best.edits <= 3 ? best.candidate : undefined;
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const substitute = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(substitute, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
