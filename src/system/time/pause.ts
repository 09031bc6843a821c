/** A sleep that can be interrupted. Only one caller may sleep at a time. */
export interface Pause {
  /** Sleeps for `ms` milliseconds or until {@link end}. Never rejects. */
  for(ms: number): Promise<void>;
  /** Interrupts the current sleep; if no caller sleeps, the next sleep returns at once. */
  end(): void;
}

/** Creates a {@link Pause}. */
export function createPause(): Pause {
  let skipNext = false;
  let wake: (() => void) | undefined;

  return {
    async for(ms) {
      if (!skipNext) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      wake = undefined;
      skipNext = false;
    },
    end() {
      if (wake) wake();
      else skipNext = true;
    },
  };
}
