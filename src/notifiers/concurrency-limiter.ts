import { SECOND } from '../core/time.ts';

/** How long (ms) a task waits before the limiter reports why: a shorter wait is a passing peak. */
const PATIENCE = 5 * SECOND;

/** Something that may occupy no more than its share of the slots, such as a credential or a host. */
export interface Sharer {
  readonly key: string;
  /** Name for messages, without secrets. */
  readonly name: string;
  /** How many of its tasks may run at once; at least 1. */
  readonly share: number;
}

/** A task's identity, for reports and limits. */
export interface Entrant {
  /** Name for reports to others that wait because of this task. */
  readonly name: string;
  readonly sharers: readonly Sharer[];
  /** Of all tasks of a group that wait, only the first is reported: the others wait for the same reason. */
  readonly group: string;
  /** Called once the task has waited for some seconds. */
  readonly onWait?: (crowd: Crowd) => void;
}

/** Why a task waits. */
export interface Crowd {
  /** Name of the sharer whose share is used up; undefined when all slots are taken. */
  readonly of?: string;
  /** Names of the tasks that run there. */
  readonly taken: readonly string[];
}

/**
 * Limits how many tasks run at once, in total and per sharer, so that a sharer whose tasks hang delays only its
 * own.
 */
export interface Slots {
  /** Runs a task at once if there is a free slot, otherwise when its turn comes; settles as the task does. */
  run(entrant: Entrant, task: () => Promise<void>): Promise<void>;
}

interface Waiting {
  readonly entrant: Entrant;
  readonly start: () => void;
}

/**
 * Creates a limiter.
 * @param size number of slots, at least 1
 */
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

  /**
   * Starts as many waiting tasks as possible: one freed slot can make room for several, if they wait for different
   * shares of it.
   */
  function admit(): void {
    const next = () => queue.findIndex(({ entrant }) => hasRoom(entrant));
    for (let index = next(); index >= 0; index = next()) {
      const [waiting] = queue.splice(index, 1);
      if (!waiting) return;
      // Take the slot before starting the task, so that no other task takes it meanwhile.
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
    // A mere report must not keep the process alive.
    timer.unref();
    await new Promise<void>((start) => queue.push({ entrant, start }));
    clearTimeout(timer);
    if (!queue.some((other) => other.entrant.group === entrant.group)) told.delete(entrant.group);
  }

  return {
    async run({ ...entrant }, task) {
      // A waiting task has no room, so a new task that has some overtakes none that could start earlier.
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
