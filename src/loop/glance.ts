import { lasts, restAfterLook } from '../core/plan.ts';
import type { Unit } from '../core/ports.ts';
import type { Loop } from './cell.ts';
import type { BusyCell } from './cells.ts';

/**
 * Looks at everything of a cell that rests, where that takes no waiting: whether its record, its AppSecret and all that it
 * has published are what they were. Thousands of cells are looked at again and again, and nearly always nothing has
 * changed; see docs/decisions/0026-glances.md.
 * @returns whether that is certain, and so all that was to be done about it now
 */
export function createGlance({ clock, happen }: Pick<Loop, 'clock' | 'happen'>): (cell: BusyCell) => boolean {
  return (cell) => {
    const { rest, unit, state, base, lanes } = cell;
    if (!rest || lanes.length > 0 || !lasts(rest, state, base?.state, clock.now())) return false;
    const { token } = state.record;
    // A pushed ticket, and a list of accounts, come by ways of their own.
    if (!token || unit.pushed || unit.listed || !isAsKnown(unit)) return false;
    if (!unit.publishers.every(({ isAsPublished }) => isAsPublished?.(token))) return false;
    happen(cell, { type: 'unchanged' });
    cell.rest = restAfterLook(rest, cell.state, clock.now());
    return true;
  };
}

function isAsKnown({ store, isSameSecret }: Unit): boolean {
  return (store.isAsKnown?.() && isSameSecret?.()) ?? false;
}
