/** Bounds how much runs at once. */
export interface Slots {
  /** Runs a task at once where there is room, else when its turn comes; settles as the task does. */
  run(task: () => Promise<void>): Promise<void>;
}

/** @param size at least 1 */
export function createSlots(size: number): Slots {
  const queue: (() => void)[] = [];
  let free = size;

  return {
    async run(task) {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => queue.push(resolve));
      try {
        await task();
      } finally {
        // Handed on directly: who comes in between queues up behind.
        const next = queue.shift();
        if (next) next();
        else free += 1;
      }
    },
  };
}
