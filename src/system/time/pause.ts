/** A wait that can be ended early; one at a time. */
export interface Pause {
  for(ms: number): Promise<void>;
  /** Ends it now; where nobody waits, the next one is over at once. */
  end(): void;
}

export function createPause(): Pause {
  let isOver = false;
  let wake: (() => void) | undefined;

  return {
    async for(ms) {
      if (!isOver) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      wake = undefined;
      isOver = false;
    },
    end() {
      if (wake) wake();
      else isOver = true;
    },
  };
}
