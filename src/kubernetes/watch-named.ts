import { type Backoff, backoffDelay, type Failure, failureOf } from '../core/failure.ts';
import type { Clock } from '../core/ports.ts';
import { MINUTE, SECOND } from '../core/time.ts';
import { createPause } from '../system/time/pause.ts';
import type { KubernetesClient } from './client.ts';
import type { ObjectName, Resource, Stored } from './resources.ts';

export interface WatchOptions<R extends Resource> {
  /** Told of what is there, at the beginning and after each interruption, and of every change; in order, one at a time. */
  readonly onObject: (object: Stored<R>) => void;
  /** It was deleted; this is what it held last. Whether it was while nobody watched, only a GET tells. */
  readonly onGone: (last: Stored<R>) => void;
  /** Why it was interrupted; it is opened again by itself. */
  readonly onTrouble?: (failure: Failure) => void;
  /** Ends it. Node warns of a signal that more than ten listen to. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}

export interface NamedWatch {
  /** Whether changes would be heard now, and since when that is so, epoch ms. */
  state(): { readonly open: boolean; readonly since: number };
  /** The server answers again: one that waits before it opens need not wait any longer. */
  reopen(): void;
  /** Resolves after the signal, when nothing is told any more. */
  readonly ended: Promise<void>;
}

/** So short that followers are new within a second, though their watches are cut three times in a row. */
const REOPEN: Backoff = { first: SECOND / 4, growth: 2, cap: 5 * SECOND, jitter: 'full' };

/** One that was open for so long was good; one that ends at once is not opened in a circle. */
const GOOD = 10 * SECOND;

/** Opened anew so often, spread over as much again: what is there is told again, and rights that were taken away count. */
const LIFE = 5 * MINUTE;

/**
 * Watches one object for as long as one likes, through restarts, freezes and cut links. Never from a version: a kept one
 * is refused for ever after a restart of the API server, and one of the future is answered by silence.
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

  function turn(open: boolean): void {
    if (state.open !== open) state = { open, since: clock.now().wall };
  }

  async function once(): Promise<void> {
    const seconds = (LIFE * (1 + random())) / SECOND;
    const events = await client.watch(object, seconds, { signal });
    const opened = clock.now().monotonic;
    turn(true);
    try {
      for await (const event of events) {
        if (signal.aborted) return;
        if (event.type === 'DELETED') onGone(event.object);
        else if (event.type !== 'BOOKMARK') onObject(event.object);
      }
    } finally {
      if (clock.now().monotonic - opened >= GOOD) failures = 0;
    }
  }

  async function keep(): Promise<void> {
    while (!signal.aborted) {
      try {
        await once();
      } catch (error) {
        turn(false);
        if (!signal.aborted) onTrouble?.(failureOf(error, 'none'));
      }
      turn(false);
      failures += 1;
      if (!signal.aborted) await pause.for(backoffDelay(REOPEN, failures, random()));
    }
  }

  return {
    state: () => state,
    reopen() {
      if (!state.open) pause.end();
    },
    ended: keep(),
  };
}
