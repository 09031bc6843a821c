/** Number of files that are examined at the same time: enough to keep the file system busy. */
export const CONCURRENCY = 32;

/**
 * Runs `work` for each item, at most `atOnce` at a time, because examining thousands of files at once could exceed
 * the limit of open files.
 * @returns the results in the order of the items
 */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  async function worker(): Promise<void> {
    for (let index = next++; index < items.length; index = next++) {
      // The index is in range; the item itself may be undefined.
      results[index] = await work(items[index] as T, index);
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

/**
 * Wraps a look-up so that it runs once per key. Later calls with the same key get the same promise, even a rejected
 * one.
 */
export function memoized<R>(ask: (key: string) => Promise<R>): (key: string) => Promise<R> {
  const answers = new Map<string, Promise<R>>();
  return (key) => {
    const known = answers.get(key);
    if (known) return known;
    const answer = ask(key);
    answers.set(key, answer);
    return answer;
  };
}
