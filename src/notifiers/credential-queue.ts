import type { DeliveryEvent } from '../core/events/delivery.ts';
import { backoffDelay, type Failure, failureOf } from '../core/failure.ts';
import type { Clock } from '../core/ports.ts';
import type { Change, Notifier } from './notifier.ts';
import { type StopReason, stoppedFailure } from './time-limit.ts';

/** Maximum number of attempts to deliver one change. */
const MAX_ATTEMPTS = 5;

export interface CredentialQueueOptions {
  readonly notifier: Notifier;
  /** Returns the notifier's current name for reports. */
  readonly name: () => string;
  readonly clock: Clock;
  /** Returns a number in [0, 1). */
  readonly random: () => number;
  readonly report: (event: DeliveryEvent) => void;
  /** Runs a task when one more of this credential may run. */
  readonly runLimited: (task: () => Promise<void>) => Promise<void>;
  /** Aborts the delivery in progress. */
  readonly abort: AbortSignal;
  /** Called when no delivery is in progress, queued or waiting for a retry. */
  readonly onEmpty: () => void;
}

/** Queue of the changes of one credential. It delivers one at a time, and only the newest of each kind. */
export interface CredentialQueue {
  add(change: Change): void;
  /** Gives up all changes but the one being delivered, and that one too if it fails. */
  close(why: StopReason): void;
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
export function createCredentialQueue({
  notifier,
  name,
  clock,
  random,
  report,
  runLimited,
  abort,
  onEmpty,
}: CredentialQueueOptions): CredentialQueue {
  const due = new Map<string, Task>();
  const waiting = new Map<string, Waiting>();
  let phase: 'idle' | 'queued' | 'delivering' = 'idle';
  let closed = false;

  function advance(): void {
    if (phase !== 'idle') return;
    if (due.size > 0) {
      phase = 'queued';
      void runLimited(deliverNext).then(() => {
        phase = 'idle';
        advance();
      });
    } else if (waiting.size === 0) onEmpty();
  }

  async function deliverNext(): Promise<void> {
    const [task] = due.values();
    // The change was given up while the task was queued.
    if (!task) return;
    phase = 'delivering';
    due.delete(task.change.kind);
    const start = clock.now().monotonic;
    const failure = await deliver(task.change);
    const attempted = describe(task.change, task.failures + 1, clock.now().monotonic - start);
    if (failure) failed(task, failure, attempted);
    else report({ type: 'delivered', ...attempted });
  }

  async function deliver(change: Change): Promise<Failure | undefined> {
    try {
      await notifier.notify(change, abort);
      return undefined;
    } catch (error) {
      return failureOf(error, 'none');
    }
  }

  function failed(
    { change, failures }: Task,
    failure: Failure,
    attempted: ReturnType<typeof describe>,
  ): void {
    const newer = due.get(change.kind);
    if (closed || (!newer && attempted.attempt >= MAX_ATTEMPTS)) {
      report({ type: 'given-up', ...attempted, failure });
      return;
    }
    const retryMs = backoffDelay(failure.backoff, attempted.attempt, random());
    const timer = setTimeout(retry, retryMs, change.kind);
    due.delete(change.kind);
    waiting.set(change.kind, { ...(newer ?? { change, failures: failures + 1 }), timer });
    report({ type: 'failed', ...attempted, failure, retryMs });
  }

  function retry(kind: string): void {
    const task = waiting.get(kind);
    waiting.delete(kind);
    if (task) due.set(kind, task);
    advance();
  }

  function describe({ credential, kind }: Change, attempt: number, tookMs: number) {
    return { notifier: name(), credential, kind, attempt, attempts: MAX_ATTEMPTS, tookMs };
  }

  return {
    add(change) {
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
      const { failure } = stoppedFailure(notifier.id, why);
      for (const { change, failures } of undone) {
        report({ type: 'given-up', ...describe(change, failures, 0), failure });
      }
      if (phase !== 'delivering') onEmpty();
    },
  };
}
