import { lasts } from '../core/plan.ts';
import type { Unit } from '../core/ports.ts';
import { LOOK_AGAIN } from '../core/state/store.ts';
import { RECHECK_TARGET } from '../core/state/targets.ts';
import type { Instant } from '../core/time.ts';
import type { BusyCell } from './cells.ts';

/**
 * Looks at everything of a cell that rests, where that takes no waiting: whether its record, its AppSecret and all that it
 * has published are what they were. Thousands of cells are looked at again and again, and nearly always nothing has
 * changed; see docs/decisions/0026-glances.md.
 * @param now may be one for many cells, and is kept
 * @returns when it is to be looked at again, monotonic ms; undefined where that is not certain, and so the cell to be planned
 */
export function glance(cell: BusyCell, now: Instant): number | undefined {
  const { rest, unit, state, base, lanes } = cell;
  if (!rest || lanes.length > 0 || !lasts(rest, state, base?.state, now)) return undefined;
  const { token } = state.record;
  // A pushed ticket, and a list of accounts, come by ways of their own.
  if (!token || unit.pushed || unit.listed || !isAsKnown(unit)) return undefined;
  if (now.monotonic >= cell.targetsAt) {
    if (!unit.publishers.every((publisher) => publisher.isAsPublished?.(token))) return undefined;
    cell.targetsAt = now.monotonic + RECHECK_TARGET;
  }
  cell.glancedAt = now;
  return Math.min(now.monotonic + LOOK_AGAIN, cell.targetsAt, rest.since.monotonic + rest.ms);
}

function isAsKnown({ store, isSameSecret }: Unit): boolean {
  return (store.isAsKnown?.() && isSameSecret?.()) ?? false;
}
