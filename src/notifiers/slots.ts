/** Bounds how much runs at once, and how much of that is somebody's: what hangs holds up its own kind alone. */
export interface Slots {
  /**
   * Runs a task at once where there is room, else when its turn comes; settles as the task does.
   * @param sharers whom it belongs to; each of them has the same share of the room
   */
  run(sharers: readonly string[], task: () => Promise<void>): Promise<void>;
}

interface Waiting {
  readonly sharers: readonly string[];
  readonly start: () => void;
}

/**
 * @param size at least 1
 * @param share at least 1: so many of one sharer run at once
 */
export function createSlots(size: number, share = size): Slots {
  const queue: Waiting[] = [];
  const taken = new Map<string, number>();
  let free = size;

  const hasRoom = ({ sharers }: Pick<Waiting, 'sharers'>) =>
    free > 0 && sharers.every((sharer) => (taken.get(sharer) ?? 0) < share);

  function take(sharers: readonly string[]): void {
    free -= 1;
    for (const sharer of sharers) taken.set(sharer, (taken.get(sharer) ?? 0) + 1);
  }

  function giveBack(sharers: readonly string[]): void {
    free += 1;
    for (const sharer of sharers) {
      const left = (taken.get(sharer) ?? 0) - 1;
      if (left > 0) taken.set(sharer, left);
      else taken.delete(sharer);
    }
  }

  /** What one has given back can be room for several, each of whom waited for another share of it. */
  function admit(): void {
    for (let next = queue.findIndex(hasRoom); next >= 0; next = queue.findIndex(hasRoom)) {
      const [waiting] = queue.splice(next, 1);
      if (!waiting) return;
      // Taken for it, so that nobody slips in between.
      take(waiting.sharers);
      waiting.start();
    }
  }

  return {
    async run(sharers, task) {
      // Whoever waits has no room, so nobody is overtaken who could go first.
      if (hasRoom({ sharers })) take(sharers);
      else await new Promise<void>((start) => queue.push({ sharers, start }));
      try {
        await task();
      } finally {
        giveBack(sharers);
        admit();
      }
    },
  };
}
