import { describe, expect, it } from 'vitest';
import type { Rest } from '../../src/core/plan.ts';
import type { Unit } from '../../src/core/ports.ts';
import { type BusyCell, type Cells, createCells } from '../../src/loop/cells.ts';
import { fakeClock } from '../support/clock.ts';
import { policyFor } from '../support/kinds.ts';

function unitOf(id: string, of: Partial<Unit> = {}): Unit {
  return {
    ...{ id, name: id, kind: 'token', optional: false, host: 'h', account: id },
    policy: policyFor('stable-token'),
    fingerprint: async () => 'f',
    provider: { fetch: () => Promise.reject(new Error('unused')), probe: async () => ({ works: true }) },
    store: {
      read: async () => undefined,
      write: async () => {},
      lock: async () => ({ held: async () => true, release: async () => {} }),
    },
    publishers: [],
    ...of,
  };
}

/** Cells of these units, of which each rests until then, monotonic ms. */
function resting(until: Readonly<Record<string, number>>, units: readonly Unit[]) {
  const clock = fakeClock();
  const cells = createCells({ clock, random: () => 0 });
  cells.serve(units);
  for (const [id, lookAt] of Object.entries(until)) {
    const cell = cellOf(cells, id);
    const rest: Rest = { state: cell.state, base: undefined, since: clock.now(), ms: 1e9, lookAt };
    cells.settleDown(cell, rest);
  }
  return cells;
}

function cellOf(cells: Cells, id: string): BusyCell {
  const cell = cells.get(id);
  if (!cell) throw new Error(`no cell ${id}`);
  return cell;
}

const dueAt = (cells: Cells, at: number) => cells.due(at).map(({ unit }) => unit.id);

const [A, B, C] = [unitOf('a'), unitOf('b'), unitOf('c')];

describe('cells that rest', () => {
  it('a cell is due when it does not rest, and once it is to be looked at', () => {
    const cells = resting({ a: 100, b: 50 }, [A, B, C]);
    expect(dueAt(cells, 10)).toEqual(['c']);
    expect(dueAt(cells, 50)).toEqual(['b', 'c']);
    cells.lookAgain(cellOf(cells, 'b'), 70);
    expect(dueAt(cells, 69)).toEqual(['c']);
    expect(dueAt(cells, 100)).toEqual(['a', 'b', 'c']);
  });

  it('a cell keeps its own time when units come, go and change places', () => {
    const cells = resting({ a: 100, b: 50 }, [A, B]);
    const gone = cellOf(cells, 'a');
    cells.serve([C, B, A]);
    expect(dueAt(cells, 10)).toEqual(['c']);
    expect(dueAt(cells, 50)).toEqual(['c', 'b']);
    cells.serve([A, B]);
    cells.serve([B]);
    expect(dueAt(cells, 10)).toEqual([]);
    // What still runs for one that is gone is none of the others' business.
    cells.lookAgain(gone, 0);
    expect(dueAt(cells, 10)).toEqual([]);
    cells.serve([B, A]);
    expect(dueAt(cells, 10)).toEqual(['a']);
  });

  it('a unit with another account does not rest', () => {
    const cells = resting({ a: 100 }, [A]);
    cells.serve([unitOf('a', { account: 'other' })]);
    expect(dueAt(cells, 10)).toEqual(['a']);
  });

  it.each([
    ['something happens to it', (cells: Cells) => cells.happen(cellOf(cells, 'a'), { type: 'invalidated' })],
    ['its unit is another one', (cells: Cells) => cells.serve([unitOf('a'), B])],
  ])('a cell no longer rests when %s', (_, change) => {
    const cells = resting({ a: 100, b: 100 }, [A, B]);
    change(cells);
    expect(dueAt(cells, 10)).toEqual(['a']);
  });

  const leaning = unitOf('b', { base: 'a' });
  it.each([
    [
      'something happens to its base',
      (cells: Cells) => cells.happen(cellOf(cells, 'a'), { type: 'invalidated' }),
      ['a', 'b'],
    ],
    ['its base goes', (cells: Cells) => cells.serve([leaning]), ['b']],
  ])('a cell that is fetched with the token of another no longer rests when %s', (_, change, due) => {
    const cells = resting({ a: 100, b: 100 }, [A, leaning]);
    change(cells);
    expect(dueAt(cells, 10)).toEqual(due);
  });
});
