import { SECOND } from '../core/time.ts';

/** How long somebody waits before it is told why, in ms: beyond that it is no crowd that passes. */
const PATIENCE = 5 * SECOND;

/** Somebody, or something, that may have no more than its share of the room. */
export interface Sharer {
  readonly key: string;
  /** For people: without secrets. */
  readonly name: string;
  /** At least 1: so many of it run at once. */
  readonly share: number;
}

/** What is to be run, for whom. */
export interface Entrant {
  /** For people, who are told what takes the room of others. */
  readonly name: string;
  readonly sharers: readonly Sharer[];
  /** One of a group that waits is told why; the others would be told the same. */
  readonly group: string;
  /** It has waited for some seconds. */
  readonly onWait?: (crowd: Crowd) => void;
}

/** Why somebody waits. */
export interface Crowd {
  /** Whose share is taken; undefined where there is no room for anybody. */
  readonly of?: string;
  /** What runs there. */
  readonly taken: readonly string[];
}

/** Bounds how much runs at once, and how much of that is somebody's: what hangs holds up its own kind alone. */
export interface Slots {
  /** Runs a task at once where there is room, else when its turn comes; settles as the task does. */
  run(entrant: Entrant, task: () => Promise<void>): Promise<void>;
}

interface Waiting {
  readonly entrant: Entrant;
  readonly start: () => void;
}

/** @param size at least 1 */
export function createSlots(size: number): Slots {
  const queue: Waiting[] = [];
  const inside = new Set<Entrant>();
  const taken = new Map<string, number>();
  const told = new Set<string>();

  const isFull = ({ key, share }: Sharer) => (taken.get(key) ?? 0) >= share;
  const hasRoom = ({ sharers }: Entrant) => inside.size < size && !sharers.some(isFull);

  function enter(entrant: Entrant): void {
    inside.add(entrant);
    for (const { key } of entrant.sharers) taken.set(key, (taken.get(key) ?? 0) + 1);
  }

  function leave(entrant: Entrant): void {
    inside.delete(entrant);
    for (const { key } of entrant.sharers) {
      const left = (taken.get(key) ?? 0) - 1;
      if (left > 0) taken.set(key, left);
      else taken.delete(key);
    }
  }

  /** What one has given back can be room for several, each of whom waited for another share of it. */
  function admit(): void {
    const next = () => queue.findIndex(({ entrant }) => hasRoom(entrant));
    for (let index = next(); index >= 0; index = next()) {
      const [waiting] = queue.splice(index, 1);
      if (!waiting) return;
      // Taken for it, so that nobody slips in between.
      enter(waiting.entrant);
      waiting.start();
    }
  }

  function crowdBefore({ sharers }: Entrant): Crowd {
    const full = sharers.find(isFull);
    const those = [...inside].filter((one) => !full || one.sharers.some((sharer) => sharer.key === full.key));
    return { ...(full && { of: full.name }), taken: those.map(({ name }) => name) };
  }

  function tell(entrant: Entrant): void {
    if (told.has(entrant.group)) return;
    told.add(entrant.group);
    entrant.onWait?.(crowdBefore(entrant));
  }

  async function turnOf(entrant: Entrant): Promise<void> {
    const timer = setTimeout(tell, PATIENCE, entrant);
    // What is no more than told keeps no process.
    timer.unref();
    await new Promise<void>((start) => queue.push({ entrant, start }));
    clearTimeout(timer);
    if (!queue.some((other) => other.entrant.group === entrant.group)) told.delete(entrant.group);
  }

  return {
    async run({ ...entrant }, task) {
      // Whoever waits has no room, so nobody is overtaken who could go first.
      if (hasRoom(entrant)) enter(entrant);
      else await turnOf(entrant);
      try {
        await task();
      } finally {
        leave(entrant);
        admit();
      }
    },
  };
}
