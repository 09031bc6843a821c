import type { Step } from '../core/plan.ts';
import { lifeLeft } from '../core/state.ts';
import type { Cell, Loop } from './cell.ts';

type Wait = Extract<Step, { kind: 'wait' }>;

/** What is said and done when there is nothing to do but to wait. */
export interface Waits {
  noticed(cell: Cell, step: Wait): void;
}

export function createWaits({ clock, report, happen }: Loop): Waits {
  /** Those that were waiting for the budget when they were looked at last. */
  const exhausted = new WeakSet<Cell>();

  /** A person's refresh that cannot be made now would come as a surprise later. */
  function withdraw(cell: Cell, why: Wait['why']): boolean {
    if (!cell.state.manual || (why !== 'budget' && why !== 'lagging')) return false;
    happen(cell, { type: 'withdrawn', why });
    if (why === 'lagging') report(cell.unit, { type: 'lagging' });
    return true;
  }

  return {
    noticed(cell, { why, ms }) {
      const requested = withdraw(cell, why);
      if (why !== 'budget') {
        exhausted.delete(cell);
        return;
      }
      if (exhausted.has(cell) && !requested) return;
      exhausted.add(cell);
      const lifeMs = lifeLeft(cell.state, clock.now()) ?? 0;
      report(cell.unit, { type: 'exhausted', ms, lifeMs, requested });
    },
  };
}
