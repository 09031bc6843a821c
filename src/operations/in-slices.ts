import { setImmediate as turn } from 'node:timers/promises';

/** So many at a time take a few milliseconds. */
const SLICE = 250;

/** Does the work for each in its order, and lets everything else have its turn in between: there may be thousands. */
export async function inSlices<T, R>(items: readonly T[], work: (item: T) => R): Promise<readonly R[]> {
  const results: R[] = [];
  for (let from = 0; from < items.length; from += SLICE) {
    if (from > 0) await turn();
    results.push(...items.slice(from, from + SLICE).map(work));
  }
  return results;
}
