import { SECOND } from '../core/time.ts';

/** How long (ms) a task waits before the limiter reports why: a shorter wait is a passing peak. */
const REPORT_AFTER = 5 * SECOND;

/** Tasks that together may occupy no more than some of the slots, such as those of a credential or of a host. */
export interface Bucket {
  readonly key: string;
  /** Name for messages, without secrets. */
  readonly name: string;
  /** How many of its tasks may run at once; at least 1. */
  readonly limit: number;
}

/** A task's identity, for reports and limits. */
export interface TaskInfo {
  /** Name for reports to others that wait because of this task. */
  readonly name: string;
  readonly buckets: readonly Bucket[];
  /** Of all tasks of a group that wait, only the first is reported: the others wait for the same reason. */
  readonly group: string;
  /** Called once the task has waited for some seconds. */
  readonly onWait?: (congestion: Congestion) => void;
}

/** Why a task waits. */
export interface Congestion {
  /** Name of the bucket that is full; undefined when all slots are taken. */
  readonly of?: string;
  /** Names of the tasks that run there. */
  readonly taken: readonly string[];
}

/**
 * Limits how many tasks run at once, in total and per bucket, so that a credential or host whose tasks hang delays
 * only its own.
 */
export interface ConcurrencyLimiter {
  /** Runs a task at once if there is a free slot, otherwise when its turn comes; settles as the task does. */
  run(info: TaskInfo, task: () => Promise<void>): Promise<void>;
}

interface WaitingTask {
  readonly info: TaskInfo;
  readonly start: () => void;
}

/**
 * Creates a limiter.
 * @param size number of slots, at least 1
 */
export function createConcurrencyLimiter(size: number): ConcurrencyLimiter {
  const queue: WaitingTask[] = [];
  const running = new Set<TaskInfo>();
  const taken = new Map<string, number>();
  const reported = new Set<string>();

  const isFull = ({ key, limit }: Bucket) => (taken.get(key) ?? 0) >= limit;
  const hasRoom = ({ buckets }: TaskInfo) => running.size < size && !buckets.some(isFull);

  function acquire(info: TaskInfo): void {
    running.add(info);
    for (const { key } of info.buckets) taken.set(key, (taken.get(key) ?? 0) + 1);
  }

  function release(info: TaskInfo): void {
    running.delete(info);
    for (const { key } of info.buckets) {
      const left = (taken.get(key) ?? 0) - 1;
      if (left > 0) taken.set(key, left);
      else taken.delete(key);
    }
  }

  /**
   * Starts as many waiting tasks as possible: the end of one task can make room for several that wait for different
   * buckets.
   */
  function startNext(): void {
    const next = () => queue.findIndex(({ info }) => hasRoom(info));
    for (let index = next(); index >= 0; index = next()) {
      const [waiting] = queue.splice(index, 1);
      if (!waiting) return;
      // Take the slot before starting the task, so that no other task takes it meanwhile.
      acquire(waiting.info);
      waiting.start();
    }
  }

  function congestionOf({ buckets }: TaskInfo): Congestion {
    const full = buckets.find(isFull);
    const causes = [...running].filter(
      (one) => !full || one.buckets.some((bucket) => bucket.key === full.key),
    );
    return { ...(full && { of: full.name }), taken: causes.map(({ name }) => name) };
  }

  function report(info: TaskInfo): void {
    if (reported.has(info.group)) return;
    reported.add(info.group);
    info.onWait?.(congestionOf(info));
  }

  async function waitForSlot(info: TaskInfo): Promise<void> {
    const timer = setTimeout(report, REPORT_AFTER, info);
    // A mere report must not keep the process alive.
    timer.unref();
    await new Promise<void>((start) => queue.push({ info, start }));
    clearTimeout(timer);
    if (!queue.some((other) => other.info.group === info.group)) reported.delete(info.group);
  }

  return {
    async run({ ...info }, task) {
      // A waiting task has no room, so a new task that has some overtakes none that could start earlier.
      if (hasRoom(info)) acquire(info);
      else await waitForSlot(info);
      try {
        await task();
      } finally {
        release(info);
        startNext();
      }
    },
  };
}
