import type { Event } from './core/apply.ts';
import { plan } from './core/plan.ts';
import type { Unit } from './core/ports.ts';
import { judgeRefusal } from './core/refusal.ts';
import type { Secret } from './core/secret.ts';
import { initialState, type State, type Strength } from './core/state.ts';
import { type Cell, createSteps, type Surroundings } from './steps.ts';

export interface Reconciler {
  /** Starts whatever is due and returns at once. Cheap when nothing is. */
  tick(): void;
  /** A person asks for a refresh now: of the credentials named, else of all. */
  refreshNow(request: { readonly names?: readonly string[]; readonly strength: Strength }): void;
  /** The store of an account may have changed. */
  stir(account: string): void;
  /** A reader says that the platform refused a token; `isIt` knows it when it sees it. */
  refuse(isIt: (value: Secret) => boolean): void;
  states(): ReadonlyMap<string, State>;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
  /** Starts nothing new; resolves when what runs has ended, what it brought is published and every lock is back. */
  stop(): Promise<void>;
  /** Ends the requests under way; what they may have done stays written down as an intent. */
  abort(): void;
}

/** A cell with what runs for it: one step at a time, and each target on its own. */
interface BusyCell extends Cell {
  readonly lanes: Set<string>;
}

/** The only loop: plan, act, apply. Everything that wakes it ends in {@link Reconciler.tick}. */
export function createReconciler(units: readonly Unit[], surroundings: Surroundings): Reconciler {
  const { clock, random, report } = surroundings;
  const running = new Set<Promise<void>>();
  const requests = new AbortController();
  let stopping = false;
  const { happen, act, publish } = createSteps(surroundings, requests.signal, () => !stopping);
  const cells = units.map((unit): BusyCell => {
    const targets = unit.publishers.map(({ id }) => id);
    return { unit, state: initialState(unit.account, targets, clock.now(), random()), lanes: new Set() };
  });

  function advance(cell: BusyCell): void {
    const { publish: due, step } = plan(cell.state, cell.unit.policy, clock.now());
    for (const publisher of cell.unit.publishers) {
      if (due.includes(publisher.id)) start(cell, `publish ${publisher.id}`, () => publish(cell, publisher));
    }
    if (step.kind !== 'wait' && !stopping) start(cell, 'step', () => act(cell, step));
  }

  function wake(event: Event, concerns: (cell: Cell) => boolean): void {
    for (const cell of cells.filter(concerns)) {
      happen(cell, event);
      advance(cell);
    }
  }

  function hearRefusal(cell: BusyCell): void {
    const verdict = judgeRefusal(cell.state, clock.now());
    happen(cell, { type: 'refused' });
    report(cell.unit.name, { type: 'refusal', verdict });
    advance(cell);
  }

  function start(cell: BusyCell, lane: string, work: () => Promise<void>): void {
    if (cell.lanes.has(lane)) return;
    cell.lanes.add(lane);
    const done = work().then(() => {
      cell.lanes.delete(lane);
      running.delete(done);
      advance(cell);
    });
    running.add(done);
  }

  async function idle(): Promise<void> {
    while (running.size > 0) await Promise.all(running);
  }

  return {
    tick: () => cells.forEach(advance),
    refreshNow: ({ names, strength }) =>
      wake({ type: 'requested', strength }, ({ unit }) => names?.includes(unit.name) ?? true),
    stir: (account) => wake({ type: 'stirred' }, ({ unit }) => unit.account === account),
    refuse: (isIt) => {
      const doubted = cells.filter(({ state: { record } }) => record.token && isIt(record.token.value));
      for (const cell of doubted) hearRefusal(cell);
      if (doubted.length === 0) report('', { type: 'refusal', verdict: 'behind' });
    },
    states: () => new Map(cells.map(({ unit, state }) => [unit.name, state])),
    idle,
    stop: () => {
      stopping = true;
      return idle();
    },
    abort: () => requests.abort(),
  };
}
