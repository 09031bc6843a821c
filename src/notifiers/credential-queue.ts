import type { DeliveryEvent } from '../core/events/delivery.ts';
import { backoffDelay, type Failure, failureOf } from '../core/failure.ts';
import type { Clock } from '../core/ports.ts';
import type { Change, Notifier } from './notifier.ts';
import { type Ending, stopped } from './time-limit.ts';

/** Maximum number of attempts to deliver one change. */
const ATTEMPTS = 5;

export interface LaneOptions {
  readonly notifier: Notifier;
  /** Returns the notifier's current name for reports. */
  readonly name: () => string;
  readonly clock: Clock;
  /** Returns a number in [0, 1). */
  readonly random: () => number;
  readonly report: (event: DeliveryEvent) => void;
  /** Runs a task when one more of this credential may run. */
  readonly inTurn: (task: () => Promise<void>) => Promise<void>;
  /** Aborts the delivery in progress. */
  readonly end: AbortSignal;
  /** Called when no delivery is in progress, queued or waiting for a retry. */
  readonly onEmpty: () => void;
}

/** Queue of the changes of one credential. It delivers one at a time, and only the newest of each kind. */
export interface Lane {
  put(change: Change): void;
  /** Gives up all changes but the one being delivered, and that one too if it fails. */
  close(why: Ending): void;
}

/** A change to be delivered. */
interface Task {
  readonly change: Change;
  /** Failed attempts to deliver this very change. */
  readonly failures: number;
}

interface Waiting extends Task {
  readonly timer: NodeJS.Timeout;
}

/** Creates the queue of one credential. */
export function createLane({
  notifier,
  name,
  clock,
  random,
  report,
  inTurn,
  end,
  onEmpty,
}: LaneOptions): Lane {
  const due = new Map<string, Task>();
  const waiting = new Map<string, Waiting>();
  let phase: 'resting' | 'queued' | 'telling' = 'resting';
  let closed = false;

  function advance(): void {
    if (phase !== 'resting') return;
    if (due.size > 0) {
      phase = 'queued';
      void inTurn(tellNext).then(() => {
        phase = 'resting';
        advance();
      });
    } else if (waiting.size === 0) onEmpty();
  }

  async function tellNext(): Promise<void> {
    const [task] = due.values();
    // The change was given up while the task was queued.
    if (!task) return;
    phase = 'telling';
    due.delete(task.change.kind);
    const start = clock.now().monotonic;
    const failure = await tell(task.change);
    const told = about(task.change, task.failures + 1, clock.now().monotonic - start);
    if (failure) failed(task, failure, told);
    else report({ type: 'delivered', ...told });
  }

  async function tell(change: Change): Promise<Failure | undefined> {
    try {
      await notifier.notify(change, end);
      return undefined;
    } catch (error) {
      return failureOf(error, 'none');
    }
  }

  function failed({ change, failures }: Task, failure: Failure, told: ReturnType<typeof about>): void {
    const newer = due.get(change.kind);
    if (closed || (!newer && told.attempt >= ATTEMPTS)) {
      report({ type: 'given-up', ...told, failure });
      return;
    }
    const retryMs = backoffDelay(failure.backoff, told.attempt, random());
    const timer = setTimeout(retry, retryMs, change.kind);
    due.delete(change.kind);
    waiting.set(change.kind, { ...(newer ?? { change, failures: failures + 1 }), timer });
    report({ type: 'failed', ...told, failure, retryMs });
  }

  function retry(kind: string): void {
    const task = waiting.get(kind);
    waiting.delete(kind);
    if (task) due.set(kind, task);
    advance();
  }

  function about({ credential, kind }: Change, attempt: number, tookMs: number) {
    return { notifier: name(), credential, kind, attempt, attempts: ATTEMPTS, tookMs };
  }

  return {
    put(change) {
      const task = { change, failures: 0 };
      const retrying = waiting.get(change.kind);
      // The new change keeps the time of the retry: otherwise a failing notifier would be tried at every change.
      if (retrying) waiting.set(change.kind, { ...task, timer: retrying.timer });
      else due.set(change.kind, task);
      advance();
    },

    close(why) {
      closed = true;
      const undone = [...due.values(), ...waiting.values()];
      for (const { timer } of waiting.values()) clearTimeout(timer);
      due.clear();
      waiting.clear();
      const { failure } = stopped(notifier.id, why);
      for (const { change, failures } of undone) {
        report({ type: 'given-up', ...about(change, failures, 0), failure });
      }
      if (phase !== 'telling') onEmpty();
    },
  };
}
