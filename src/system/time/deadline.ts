import { SECOND } from '../../core/time.ts';
import { systemClock } from './clock.ts';

/** Longest delay (ms) of a timer: `setTimeout` treats one longer than 24 days as no delay at all. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Limits a delay (ms) to what a timer can hold. */
export function timerDelay(ms: number): number {
  return Math.min(ms, LONGEST_TIMER);
}

export interface DeadlineOptions {
  /** Time limit in ms. */
  readonly ms: number;
  /**
   * Signals that end the work as well, each with its own reason. Each gets a listener: the owner of a signal that ends
   * more than ten pieces of work at once raises its limit (`setMaxListeners`), or Node reports a leak.
   */
  readonly until?: readonly AbortSignal[];
  /**
   * Whether a suspension of the process restarts the time limit: a process that was suspended had no time to read what
   * arrived meanwhile.
   */
  readonly suspendAware?: boolean;
}

/** The end of some work, by time or by signals, for the caller that started the work. */
export interface Deadline {
  /** Aborts with a `TimeoutError` (`DOMException`) after the time limit, otherwise with the reason of what came first. */
  readonly signal: AbortSignal;
  /** Rejects with the reason when `signal` aborts, for work that does not obey a signal, or not at all times. */
  readonly reached: Promise<never>;
  /** Ends the work now. */
  abort(reason: unknown): void;
  /** Lifts the time limit: from now on only the other signals and {@link abort} end the work. */
  lift(): void;
  /** Removes timer and listeners: the work is complete. Call it in any case. */
  release(): void;
}

/**
 * Starts a time limit that other signals can end early.
 *
 * It combines them by hand, not with `AbortSignal.any` and `AbortSignal.timeout`: Node 20 never releases a composite
 * signal that had a listener. Such a signal lives at least as long as its oldest source, which here is often the daemon,
 * and a leader renews its Lease every two seconds for months.
 */
export function startDeadline({ ms, until = [], suspendAware = false }: DeadlineOptions): Deadline {
  const controller = new AbortController();
  const { signal } = controller;
  const reached = rejectOnAbort(signal);
  // The caller may not wait for this promise, or no longer.
  reached.catch(() => {});

  const tooLate = () => controller.abort(new DOMException('too late', 'TimeoutError'));
  const cancelTimer = (suspendAware ? startSuspendAwareTimeout : startTimeout)(timerDelay(ms), tooLate);
  const removals = until.map((source) => {
    const forward = () => controller.abort(source.reason);
    if (source.aborted) forward();
    source.addEventListener('abort', forward, { once: true });
    return () => source.removeEventListener('abort', forward);
  });

  return {
    signal,
    reached,
    abort: (reason) => controller.abort(reason),
    lift: cancelTimer,
    release() {
      cancelTimer();
      for (const remove of removals) remove();
    },
  };
}

/**
 * Runs work that obeys an abort signal, and aborts it when it takes too long (`TimeoutError`).
 * @param ms time limit
 * @param until aborts the work as well, with its own reason
 * @throws whatever `work` throws
 */
export async function withinTime<T>(
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
  until?: AbortSignal,
): Promise<T> {
  const deadline = startDeadline({ ms, ...(until && { until: [until] }) });
  try {
    return await work(deadline.signal);
  } finally {
    deadline.release();
  }
}

/** Returns a promise that rejects with the signal's reason when the signal fires. */
export function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** @returns cancels the timeout */
function startTimeout(ms: number, end: () => void): () => void {
  const timer = setTimeout(end, ms);
  return () => clearTimeout(timer);
}

/** Lateness (ms) from which a timer shows that the process was suspended or starved of processor time. */
const STANDSTILL = SECOND;

/** As {@link startTimeout}, but after a suspension the timeout starts again at full length. */
function startSuspendAwareTimeout(ms: number, end: () => void): () => void {
  let timer = wait();

  function wait(): NodeJS.Timeout {
    const due = systemClock.now().monotonic + ms;
    return setTimeout(() => {
      if (systemClock.now().monotonic - due < STANDSTILL) end();
      else timer = wait();
    }, ms);
  }

  return () => clearTimeout(timer);
}
