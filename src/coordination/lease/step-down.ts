import type { Clock } from '../../core/ports.ts';
import { MINUTE } from '../../core/time.ts';

/**
 * Gives up the lead in favour of whoever may do better, when nothing is under way that needs it: what was begun is ended by
 * the one who began it.
 */
export interface Abdication {
  /**
   * Asked before something is begun that only the one who leads may do.
   * @returns to be called when it is over; undefined where it may not be begun
   */
  enter(): (() => void) | undefined;
  /** Whether something may be begun: what others ask is left to the next one where not. */
  isOpen(): boolean;
  /** Another one should lead. Heeded only so often: where all are alike, the lead is not to go round and round. */
  ask(): void;
}

export interface AbdicationOptions {
  readonly clock: Clock;
  readonly leads: () => boolean;
  /** Gives it up now. */
  readonly resign: () => void;
}

/** So long between two times, ms: a refused secret is tried no sooner again either. */
const AGAIN = MINUTE;

export function createAbdication({ clock, leads, resign }: AbdicationOptions): Abdication {
  let inside = 0;
  let wanted = false;
  let last = Number.NEGATIVE_INFINITY;

  function resignWhenFree(): void {
    if (!wanted || inside > 0) return;
    wanted = false;
    if (!leads()) return;
    last = clock.now().monotonic;
    resign();
  }

  const isOpen = () => !wanted && leads();

  return {
    isOpen,
    enter() {
      if (!isOpen()) return undefined;
      inside += 1;
      return () => {
        inside -= 1;
        resignWhenFree();
      };
    },
    ask() {
      if (!leads() || clock.now().monotonic - last < AGAIN) return;
      wanted = true;
      resignWhenFree();
    },
  };
}
