import type { EdgeError } from '../core/failure.ts';
import { SECOND } from '../core/time.ts';
import { notifyFailure } from './notifier.ts';

export interface Limit {
  /** Names the notifier in the failure. */
  readonly id: string;
  /** Milliseconds. */
  readonly timeout: number;
  /** What a person should do when it is not enough. */
  readonly advice: string;
}

/** Ms of a timer: it would take one longer than 24 days for one of no length. */
export function timerDelay(ms: number): number {
  return Math.min(ms, 2 ** 31 - 1);
}

/**
 * Waits for work, but no longer than its time, and not once the daemon stops. Work that is under way then is left
 * alone: whoever began it ends it. What it has not begun yet it must not begin once `end` has come.
 * @throws {EdgeError} `timeout` or `stopped`; or what the work throws
 */
export async function withinTime<T>(
  limit: Limit,
  stop: AbortSignal,
  work: (end: AbortSignal) => Promise<T>,
): Promise<T> {
  if (stop.aborted) throw stopped(limit.id, stop.reason);
  const end = new AbortController();
  // First of all who listen, so that the reason is told, not what it does to the work.
  const ended = rejection(end.signal);
  const onStop = () => end.abort(stopped(limit.id, stop.reason));
  const timer = setTimeout(() => end.abort(tooLate(limit)), timerDelay(limit.timeout));
  stop.addEventListener('abort', onStop, { once: true });
  try {
    return await Promise.race([ended, work(end.signal)]);
  } finally {
    clearTimeout(timer);
    stop.removeEventListener('abort', onStop);
  }
}

/** Rejects with the signal's reason when it comes. */
export function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function tooLate({ id, timeout, advice }: Limit): EdgeError {
  const message = `${id} was not done within ${timeout / SECOND} s`;
  return notifyFailure({ code: 'timeout', message, advice });
}

/** Why deliveries end before somebody has been told: the daemon goes, or the notifier is no longer configured. */
export type Ending = 'stopped' | 'removed';

/** @param why an {@link Ending}, as the reason of a signal; anything else means that the daemon stops */
export function stopped(id: string, why: unknown): EdgeError {
  if (why === ('removed' satisfies Ending)) {
    return notifyFailure({
      code: 'removed',
      message: `${id} is no longer configured and was ended before it was done`,
      advice: 'nothing, if it was meant so',
    });
  }
  return notifyFailure({
    code: 'stopped',
    message: `the daemon stopped before ${id} was done`,
    advice: 'the app must also read the file again by itself, at least once a minute',
  });
}
