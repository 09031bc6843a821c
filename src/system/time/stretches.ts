import type { Clock } from '../../core/ports.ts';

/** Short pieces of work that need no thread, done one after the other so that the event loop turns in between. */
export interface Stretches {
  /**
   * Does the work at once or, when work of the same turn of the event loop has taken its time, in a later turn, in the
   * order of the calls.
   */
  run<T>(work: () => T): Promise<T>;
}

/** @param longest how long (ms) work may go on before everything else has its turn */
export function createStretches(longest: number, clock: Clock): Stretches {
  const waiting = new Set<() => void>();
  /** Of the stretch in this turn of the event loop, monotonic ms. */
  let endsAt: number | undefined;

  const isOver = () => endsAt !== undefined && clock.now().monotonic >= endsAt;

  function begin(): void {
    endsAt = clock.now().monotonic + longest;
    setImmediate(() => {
      endsAt = undefined;
      if (waiting.size > 0) next();
    });
  }

  function next(): void {
    if (endsAt === undefined) begin();
    for (const work of waiting) {
      waiting.delete(work);
      work();
      break;
    }
    // What follows from it counts as well, so it goes before the next one.
    if (waiting.size > 0 && !isOver()) queueMicrotask(next);
  }

  function attempt<T>(work: () => T): Promise<T> {
    try {
      return Promise.resolve(work());
    } catch (error) {
      return Promise.reject(error);
    }
  }

  return {
    run(work) {
      if (endsAt === undefined) begin();
      if (waiting.size === 0 && !isOver()) return attempt(work);
      return new Promise((done) => waiting.add(() => done(attempt(work))));
    },
  };
}
