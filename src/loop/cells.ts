import { apply } from '../core/apply.ts';
import type { Context } from '../core/context.ts';
import type { Rest } from '../core/plan.ts';
import type { Unit } from '../core/ports.ts';
import { initialState, type State } from '../core/state/index.ts';
import { kept } from '../core/state/kept.ts';
import { isRenewed, orphans, waitsForBase } from '../core/unauthorised.ts';
import { type Cell, type Happen, type Surroundings, settle } from './cell.ts';

/** A cell with what runs for it: one step at a time, and each target on its own. */
export interface BusyCell extends Cell {
  base?: BusyCell | undefined;
  lanes: readonly string[];
  /** Monotonic ms at which its targets are to be glanced at as well. */
  targetsAt: number;
  leaning: readonly BusyCell[];
}

/** One for all: there are thousands of cells, of which few have anything. */
const NONE: readonly never[] = [];

/** The slot of one that is not among the units. */
const NOWHERE = -1;

/** The lanes but one. */
export function withoutLane({ lanes }: Pick<BusyCell, 'lanes'>, lane: string): readonly string[] {
  const others = lanes.filter((other) => other !== lane);
  return others.length > 0 ? others : NONE;
}

/** The cells of the units at work, and the only way in which what is known of them changes. */
export interface Cells {
  readonly happen: Happen;
  /** In the order of the units. */
  all(): readonly BusyCell[];
  /** Those that do not rest, and those that are to be looked at at that time, monotonic ms. In the order of the units. */
  due(at: number): readonly BusyCell[];
  /** It rests, as long as nothing happens to it; without a rest it does not. */
  settleDown(cell: Cell, rest: Rest | undefined): void;
  /** It goes on resting, and is to be looked at then, monotonic ms. */
  lookAgain(cell: Cell, at: number): void;
  get(id: string): BusyCell | undefined;
  /** Those that share a record. */
  of(account: string): readonly BusyCell[];
  /** Whether it is still one of them. */
  holds(cell: BusyCell): boolean;
  /** One that was there with the same account goes on with all that is known of it. */
  serve(units: readonly Unit[]): void;
}

export function createCells({ clock, random }: Pick<Surroundings, 'clock' | 'random'>): Cells {
  let cells: ReadonlyMap<string, BusyCell> = new Map();
  let ordered: readonly BusyCell[] = [];
  /**
   * When each is to be looked at, by its slot: monotonic ms, 0 for one that does not rest. A tick goes through all of them, and
   * thousands of objects would each have to be fetched from memory for that.
   */
  let lookAt = new Float64Array(0);
  let sharing: ReadonlyMap<string, readonly BusyCell[]> = new Map();

  const happen: Happen = (cell, event) => {
    const { policy } = cell.unit;
    const before = settle(cell);
    endRest(cell);
    const context = { policy, now: clock.now(), random: random() };
    const next = withBaseOf(cell, apply(before, event, context), context);
    cell.state = kept(next, before);
    // There may be hundreds of them, of which most have nothing to learn.
    if (cell.leaning.length === 0) return;
    if (next.life.unauthorised && !before.life.unauthorised)
      for (const other of cell.leaning) tellIfOrphaned(other);
    if (isRenewed(before, next))
      for (const other of cell.leaning)
        if (waitsForBase(other.state)) happen(other, { type: 'base-renewed' });
  };

  function settleDown(cell: Cell, rest: Rest | undefined): void {
    cell.rest = rest;
    lookAgain(cell, rest?.lookAt ?? 0);
  }

  function lookAgain({ slot }: Cell, at: number): void {
    if (slot !== NOWHERE) lookAt[slot] = at;
  }

  /** Something happens to it, or to the one whose token it is fetched with. */
  function endRest(cell: Cell): void {
    settleDown(cell, undefined);
    for (const other of cell.leaning) settleDown(other, undefined);
  }

  /** The state with what the token of its base says of it. */
  function withBaseOf({ base }: Cell, state: State, context: Context): State {
    const at = base?.state.life.unauthorised;
    return at && orphans(base?.state, state) ? apply(state, { type: 'orphaned', at }, context) : state;
  }

  function tellIfOrphaned(cell: Cell): void {
    const at = cell.base?.state.life.unauthorised;
    if (at && orphans(cell.base?.state, cell.state)) happen(cell, { type: 'orphaned', at });
  }

  function join(unit: Unit): BusyCell {
    const targets = unit.publishers.map(({ id }) => id);
    const known = cells.get(unit.id);
    if (known?.unit.account !== unit.account) {
      const state = initialState(unit.account, targets, clock.now(), random());
      // With every field it may have: one that comes later lies in a table of its own.
      return {
        unit,
        state,
        base: undefined,
        leaning: NONE,
        lanes: NONE,
        rest: undefined,
        glancedAt: undefined,
        slot: NOWHERE,
        targetsAt: 0,
      };
    }
    if (known.unit !== unit) {
      known.unit = unit;
      happen(known, { type: 'retargeted', targets });
    }
    return known;
  }

  function place(next: readonly BusyCell[]): void {
    const before = lookAt;
    const times = next.map(({ slot }) => before[slot] ?? 0);
    for (const cell of ordered) cell.slot = NOWHERE;
    next.forEach((cell, slot) => {
      cell.slot = slot;
    });
    ordered = next;
    lookAt = Float64Array.from(times);
  }

  return {
    happen,
    all: () => ordered,
    due: (at) => ordered.filter((_, slot) => at >= (lookAt[slot] ?? 0)),
    settleDown,
    lookAgain,
    get: (id) => cells.get(id),
    of: (account) => sharing.get(account) ?? [],
    holds: (cell) => cells.get(cell.unit.id) === cell,
    serve(units) {
      const joined = units.map(join);
      cells = new Map(joined.map((cell) => [cell.unit.id, cell]));
      place([...cells.values()]);
      const byAccount = new Map<string, BusyCell[]>();
      for (const cell of joined) {
        cell.leaning = NONE;
        const { account } = cell.unit;
        byAccount.set(account, [...(byAccount.get(account) ?? []), cell]);
      }
      sharing = byAccount;
      for (const cell of joined) {
        const base = cell.unit.base === undefined ? undefined : cells.get(cell.unit.base);
        if (cell.base !== base) settleDown(cell, undefined);
        cell.base = base;
        if (base) base.leaning = [...base.leaning, cell];
        tellIfOrphaned(cell);
      }
    },
  };
}
