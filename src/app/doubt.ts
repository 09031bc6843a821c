import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../core/ports.ts';
import { heldFor } from '../core/state/attempts.ts';
import { liveToken, type State } from '../core/state/index.ts';
import { MINUTE, SECOND } from '../core/time.ts';
import type { Reconciler } from '../loop/reconciler.ts';

export interface DoubtOptions {
  readonly clock: Clock;
  readonly reconciler: Pick<Reconciler, 'stateOf' | 'doubt' | 'refreshNow'>;
  /** Ends what is waited for. */
  readonly signal: AbortSignal;
}

/** @param isBack it has authorised again, or is listed again */
export type Doubt = (name: string, isBack: boolean) => Promise<void>;

/** How long the record of a credential that is served from now on is waited for, and how soon it is asked again, ms. */
const PATIENCE = MINUTE;
const AGAIN = 0.1 * SECOND;

/**
 * Returns a function that lets a credential be asked for, since its token may have died. One that has just authorised again (`isBack`) does not wait for the pause that the refusals
 * before have brought.
 */
export function createDoubt({ clock, reconciler, signal }: DoubtOptions): Doubt {
  return async (name, isBack) => {
    const deadline = clock.now().monotonic + PATIENCE;
    let state = reconciler.stateOf(name);
    while (state && !isKnown(state) && clock.now().monotonic < deadline) {
      await delay(AGAIN);
      if (signal.aborted) return;
      state = reconciler.stateOf(name);
    }
    if (!state) return;
    const now = clock.now();
    // The platform has said so already, and is asked again by itself.
    if (state.life.unauthorised && !isBack) return;
    const token = liveToken(state, now);
    const isHeld = isBack && heldFor(state.attempts, now) > 0;
    if (token && !isHeld) reconciler.doubt((value) => value.equals(token.value), 'hint');
    else reconciler.refreshNow({ names: [name], strength: 'ordinary' });
  };
}

/** Whether the record has been looked at. */
function isKnown({ store, record }: State): boolean {
  return record.generation > 0 || Number.isFinite(store.lookedAt);
}
