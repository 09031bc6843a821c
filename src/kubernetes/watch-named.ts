import { type Backoff, backoffDelay, type Failure, failureOf } from '../core/failure.ts';
import type { Clock } from '../core/ports.ts';
import { MINUTE, SECOND } from '../core/time.ts';
import { createPause } from '../system/time/pause.ts';
import type { KubernetesClient } from './client.ts';
import type { ObjectName, Resource, Stored } from './resources.ts';

export interface WatchOptions<R extends Resource> {
  /**
   * Called with the object as it is, at the beginning and after each interruption, and with every change; in order,
   * one call at a time.
   */
  readonly onObject: (object: Stored<R>) => void;
  /**
   * Called with the last state of the object when it is deleted. A deletion during an interruption is not reported:
   * only a GET shows it.
   */
  readonly onGone: (last: Stored<R>) => void;
  /** Called when the watch is interrupted; it reopens by itself. */
  readonly onTrouble?: (failure: Failure) => void;
  /** Ends the watch. Each watch adds a listener, and Node warns when a signal has more than ten. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Returns a number in [0, 1). */
  readonly random: () => number;
}

/** A watch that reopens by itself. */
export interface NamedWatch {
  /** Whether changes would be noticed now, and since when (epoch ms) that is so. */
  state(): { readonly open: boolean; readonly since: number };
  /** Skips the wait before the next attempt: call it when the server responds again. */
  reopen(): void;
  /** Resolves after the signal, when no more calls will follow. */
  readonly ended: Promise<void>;
}

/**
 * Waits before reopening: short enough that followers learn of a change within a second although their watches are
 * cut three times in a row.
 */
const REOPEN: Backoff = { first: SECOND / 4, growth: 2, cap: 5 * SECOND, jitter: 'full' };

/**
 * A watch that was open for this long (ms) resets the backoff; one that ends sooner counts as a failure, so that
 * the client does not reopen it in a tight loop.
 */
const STABLE_AFTER = 10 * SECOND;

/**
 * Lifetime (ms) of one watch, plus a random part of the same length. Reopening reports the object again and makes
 * revoked rights take effect.
 */
const LIFETIME = 5 * MINUTE;

/**
 * Watches one object until the signal fires, through restarts, freezes and cut links. It never resumes from a
 * version: after a restart of the API server a remembered version is refused for ever, and to a version of the
 * future the server responds with silence.
 */
export function watchNamed<R extends Resource>(
  client: Pick<KubernetesClient, 'watch'>,
  object: ObjectName<R>,
  { onObject, onGone, onTrouble, signal, clock, random }: WatchOptions<R>,
): NamedWatch {
  const pause = createPause();
  let state = { open: false, since: clock.now().wall };
  let failures = 0;
  signal.addEventListener('abort', pause.end);

  function setOpen(open: boolean): void {
    if (state.open !== open) state = { open, since: clock.now().wall };
  }

  async function watchOnce(): Promise<void> {
    const seconds = (LIFETIME * (1 + random())) / SECOND;
    const events = await client.watch(object, seconds, { signal });
    const opened = clock.now().monotonic;
    setOpen(true);
    try {
      for await (const event of events) {
        if (signal.aborted) return;
        if (event.type === 'DELETED') onGone(event.object);
        else if (event.type !== 'BOOKMARK') onObject(event.object);
      }
    } finally {
      if (clock.now().monotonic - opened >= STABLE_AFTER) failures = 0;
    }
  }

  async function watchUntilAborted(): Promise<void> {
    while (!signal.aborted) {
      try {
        await watchOnce();
      } catch (error) {
        setOpen(false);
        if (!signal.aborted) onTrouble?.(failureOf(error, 'none'));
      }
      setOpen(false);
      failures += 1;
      if (!signal.aborted) await pause.for(backoffDelay(REOPEN, failures, random()));
    }
  }

  return {
    state: () => state,
    reopen() {
      if (!state.open) pause.end();
    },
    ended: watchUntilAborted(),
  };
}
