import { en, oneOf, type Text, zh } from './text.ts';

/** Characters; a longer text was not meant to be a name. */
const LONGEST = 64;

/** Letters of a beginning that says which name is meant. */
const SHORTEST_BEGINNING = 3;

/**
 * Finds the candidate that a mistyped name probably means: the one with the fewest edits, if these are few enough for a
 * typing mistake, or the only one that begins so.
 * @returns undefined when no candidate is similar enough
 */
export function closest(name: string, candidates: readonly string[]): string | undefined {
  if (name.length > LONGEST) return undefined;
  const alike = candidates.find((candidate) => bare(candidate) === bare(name));
  if (alike !== undefined) return alike;
  const [best] = candidates
    .map((candidate) => ({ candidate, edits: distance(name, candidate) }))
    .sort((a, b) => a.edits - b.edits);
  const begun = candidates.filter((candidate) => bare(candidate).startsWith(bare(name)));
  const isBeginning = begun.length > 0 && bare(name).length >= SHORTEST_BEGINNING;
  // Of several that begin so nobody knows which is meant.
  if (isBeginning && best?.edits !== 1) return begun.length === 1 ? begun[0] : undefined;
  return best && best.edits <= mostEdits(name) ? best.candidate : undefined;
}

/** Adds to a complaint about a name what was probably meant. */
export function didYouMean(what: Text, meant: readonly (Text | string)[]): Text {
  if (meant.length === 0) return what;
  const names = oneOf(meant);
  return { en: en`${what}; did you mean ${names}?`, zh: zh`${what}；是不是想写 ${names}？` };
}

/** How many edits a typing mistake has. Two make another word of four letters: `file` is no mistyped `title`. */
function mostEdits({ length }: string): number {
  return length < 5 ? Math.min(1, length - 1) : Math.min(3, Math.floor(length / 2));
}

/** Removes what users write in several ways: case, underscores, hyphens and blanks. */
function bare(name: string): string {
  return name.toLowerCase().replace(/[_\- ]/g, '');
}

/** The edits between two names: letters that are missing, too much, wrong, or swapped with the one beside them. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 0; i < a.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const substitute = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      const isSwapped = i > 0 && j > 0 && a[i] === b[j - 1] && a[i - 1] === b[j];
      const swap = isSwapped ? (before[j - 1] ?? 0) + 1 : substitute;
      next.push(Math.min(substitute, swap, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    [before, row] = [row, next];
  }
  return row.at(-1) ?? 0;
}
