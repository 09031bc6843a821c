/** Something that can be made to stand still: what was to be done meanwhile is done when it moves again. */
export interface Standstill {
  stop(): void;
  go(): void;
  whenMoving(work: () => void): void;
  /** How much waits for it to move. */
  waiting(): number;
}

export function createStandstill(): Standstill {
  let waiting: (() => void)[] | undefined;
  return {
    stop() {
      waiting ??= [];
    },
    go() {
      const works = waiting ?? [];
      waiting = undefined;
      for (const work of works) work();
    },
    whenMoving(work) {
      if (waiting) waiting.push(work);
      else work();
    },
    waiting: () => waiting?.length ?? 0,
  };
}
