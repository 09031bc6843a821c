/** What is longer was not meant to be a name. */
const LONGEST = 64;

/** The candidate that was probably meant: the fewest edits away, if those are few enough for a typing mistake. */
export function closest(name: string, candidates: readonly string[]): string | undefined {
  if (name.length > LONGEST) return undefined;
  const alike = candidates.find((candidate) => bare(candidate) === bare(name));
  if (alike !== undefined) return alike;
  const [best] = candidates
    .map((candidate) => ({ candidate, edits: distance(name, candidate) }))
    .sort((a, b) => a.edits - b.edits);
  return best && best.edits <= Math.min(3, Math.floor(name.length / 2)) ? best.candidate : undefined;
}

/** Without what people write in several ways. */
function bare(name: string): string {
  return name.toLowerCase().replace(/[_\- ]/g, '');
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
