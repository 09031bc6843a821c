/** Files looked at together: enough to keep the file system busy. */
export const AT_ONCE = 32;

/** Does the work for each, a few at once: thousands of files at once would be more than a process may have open. */
export async function inTurns<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  async function worker(): Promise<void> {
    for (let index = next++; index < items.length; index = next++) {
      // In range, whatever the items are.
      results[index] = await work(items[index] as T, index);
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

/** Asks once for each key; who asks again gets the same answer. */
export function remembered<R>(ask: (key: string) => Promise<R>): (key: string) => Promise<R> {
  const answers = new Map<string, Promise<R>>();
  return (key) => {
    const known = answers.get(key);
    if (known) return known;
    const answer = ask(key);
    answers.set(key, answer);
    return answer;
  };
}
