import type { DeliveryEvent } from '../core/events/delivery.ts';
import { backoffDelay, type Failure, failureOf } from '../core/failure.ts';
import type { Clock } from '../core/ports.ts';
import type { Change, Notifier } from './notifier.ts';
import { type Ending, stopped } from './time-limit.ts';

/** How often one change is told before it is given up. */
const ATTEMPTS = 5;

export interface LaneOptions {
  readonly notifier: Notifier;
  /** What it is called in reports. */
  readonly name: () => string;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly report: (event: DeliveryEvent) => void;
  /** Runs a task when there is room for one more of this credential. */
  readonly inTurn: (task: () => Promise<void>) => Promise<void>;
  /** Ends what runs. */
  readonly end: AbortSignal;
  /** Called when nothing is under way or due any more. */
  readonly onEmpty: () => void;
}

/** The changes of one credential, told one at a time; of each kind only the newest. */
export interface Lane {
  put(change: Change): void;
  /** Gives up what is not under way, and what is if it fails. */
  close(why: Ending): void;
}

/** A change that is yet to be told. */
interface Task {
  readonly change: Change;
  /** Attempts at this very change that have failed. */
  readonly failures: number;
}

interface Waiting extends Task {
  readonly timer: NodeJS.Timeout;
}

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
    // Given up while it was queued.
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
      // It keeps the time of the retry, or a failing notifier would be tried at every change.
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
