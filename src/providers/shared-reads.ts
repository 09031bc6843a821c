import type { Clock } from '../core/ports.ts';
import type { SharedReads } from './kind.ts';

/** Creates {@link SharedReads} of one daemon. A failed read is shared by those who wait for it, and not remembered. */
export function createSharedReads(clock: Clock): SharedReads {
  const known = new Map<string, { readonly began: number; readonly answer: Promise<unknown> }>();

  return <T>(name: string, atMostOld: number, read: () => Promise<T>): Promise<T> => {
    const { monotonic: began } = clock.now();
    const last = known.get(name);
    // The name says what is read, so the type is that of whoever read it.
    if (last && began - last.began <= atMostOld) return last.answer as Promise<T>;
    const answer = read();
    const entry = { began, answer };
    known.set(name, entry);
    answer.catch(() => {
      if (known.get(name) === entry) known.delete(name);
    });
    return answer;
  };
}
