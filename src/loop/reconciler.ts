import type { Event } from '../core/events/event.ts';
import { isCorrected, restOf, type Step, type View } from '../core/plan.ts';
import type { Slices, Unit } from '../core/ports.ts';
import type { Secret } from '../core/secret.ts';
import type { Sign } from '../core/state/authorisation.ts';
import { type Doubter, judgeDoubt } from '../core/state/doubts.ts';
import type { State } from '../core/state/index.ts';
import type { Strength } from '../core/state/request.ts';
import { dueAt } from '../core/state/targets.ts';
import type { Instant } from '../core/time.ts';
import { type Loop, planOf, type Surroundings, settle, stateOf } from './cell.ts';
import { type BusyCell, createCells, withoutLane } from './cells.ts';
import { glance } from './glance.ts';
import { createGates } from './host-limit.ts';
import { createPaces } from './pace.ts';
import { createSteps, createWaits } from './steps.ts';

export interface Reconciler {
  /**
   * Makes these the units at work. A unit that was there with the same account goes on with all that is known of it. A
   * unit that is no longer among them is left alone.
   */
  serve(units: readonly Unit[]): void;
  /** Starts whatever is due and returns at once. Cheap when nothing is due. */
  tick(): void;
  /** A person asks for a refresh now, of the credentials named or of all. */
  refreshNow(request: { readonly names?: readonly string[]; readonly strength: Strength }): void;
  /** A person asked another daemon to refresh one account's token, which had that generation. */
  refreshFor(account: string, request: { readonly strength: Strength; readonly generation: number }): void;
  /** An account has authorised, as a push or the list tells. Its code is exchanged by a fetch. */
  authorise(account: string, sign: Sign): void;
  /** Something has come of the code with that mark, here or at another daemon: nobody is to use it any more. */
  settleCode(mark: string): void;
  /** A refresh that was asked for and has not begun is not made any more. */
  withdraw(names: readonly string[]): void;
  /** The store of an account may have changed. */
  invalidate(account: string): void;
  /** The stores work again, or their locks can be had. */
  free(): void;
  /** Somebody may have changed what a target of a unit holds. */
  touched(id: string, target: string): void;
  /** A token may be dead. `isIt` recognises it. */
  doubt(isIt: (value: Secret) => boolean, by: Doubter): void;
  /** What is known of the unit of this id; undefined where it is not served. */
  stateOf(id: string): State | undefined;
  /** Every unit as it is now. There may be thousands, and most who look at them need each for a moment: so each is made then. */
  views(): Iterable<View>;
  /** Resolves when nothing is under way any more. */
  idle(): Promise<void>;
  /** Starts nothing new. Resolves when what runs has ended, its tokens are published and every lock is given back. */
  stop(): Promise<void>;
  /** Ends the requests under way. What they may have done stays written down as an intent. */
  abort(): void;
}

const IN_ONE_GO: Slices = { isOver: () => false, giveWay: async () => {} };

/** The only loop: plan, act, apply. Everything that wakes it ends in {@link Reconciler.tick}. */
export function createReconciler(surroundings: Surroundings): Reconciler {
  const { clock, report, wakeIn, slices = () => IN_ONE_GO } = surroundings;
  const running = new Set<Promise<void>>();
  const requests = new AbortController();
  const gates = createGates();
  const paces = createPaces(clock);
  /** Those that a tick found to be due and that are still to be planned. */
  const due = new Set<BusyCell>();
  let stopping = false;
  let lastTick = clock.now();
  const cells = createCells(surroundings);
  const { happen } = cells;
  const loop: Loop = { clock, report, happen };
  const { act, publish } = createSteps(loop, requests.signal, () => !stopping);
  const waits = createWaits(loop);

  function advance(cell: BusyCell): void {
    const now = clock.now();
    const state = settle(cell);
    if (state.record.listing) cell.unit.listed?.(state.record.listing);
    const planned = planOf(cell, now);
    const { publish: due, step } = planned;
    cells.settleDown(cell, restOf(planned, state, cell.base?.state, now));
    cell.targetsAt = dueAt(state.targets);
    for (const publisher of cell.unit.publishers) {
      if (due.includes(publisher.id)) start(cell, `publish ${publisher.id}`, () => publish(cell, publisher));
    }
    if (step.kind === 'wait') {
      waits.noticed(cell, step);
      wakeIn?.(step.ms);
    } else if (!stopping && !cell.lanes.includes('step')) takeStep(cell, step);
  }

  function takeStep(cell: BusyCell, step: Step): void {
    const { host, pace } = cell.unit;
    const isPaced = pace !== undefined && step.kind === 'fetch';
    const ms = isPaced ? paces.enter(pace) : 0;
    if (ms > 0) {
      wakeIn?.(ms);
      return;
    }
    start(cell, 'step', () =>
      gates
        .pass(host, step, () => act(cell, step))
        .finally(() => {
          if (isPaced && paces.leave(pace)) wakeIn?.(0);
        }),
    );
  }

  function wake(event: Event, concerned: readonly BusyCell[]): void {
    for (const cell of concerned) happen(cell, event);
    planAll(concerned);
  }

  function takeDoubt(cell: BusyCell, by: Doubter): void {
    const { follows } = cell.unit.policy;
    const verdict = follows ? 'mirror' : judgeDoubt(settle(cell), clock.now(), by);
    if (!follows) happen(cell, { type: 'doubted', by });
    report(cell.unit, { type: 'doubt', by, verdict });
    advance(cell);
  }

  function start(cell: BusyCell, lane: string, work: () => Promise<void>): void {
    if (cell.lanes.includes(lane)) return;
    cell.lanes = [...cell.lanes, lane];
    const { record, doubts, life } = cell.state;
    const done = work().then(() => {
      cell.lanes = withoutLane(cell, lane);
      running.delete(done);
      if (!cells.holds(cell)) return;
      advance(cell);
      // There may be hundreds of them, and most that happens to this one is no news to them.
      const isNews =
        cell.state.record.token !== record.token ||
        cell.state.doubts !== doubts ||
        cell.state.life.unauthorised !== life.unauthorised;
      if (isNews) for (const other of cell.leaning) advance(other);
    });
    running.add(done);
  }

  /** Plans the first ones now and the others slice by slice: what they begin goes on at once. */
  function planAll(cellsDue: Iterable<BusyCell>): void {
    const isUnderWay = due.size > 0;
    for (const cell of cellsDue) due.add(cell);
    if (isUnderWay) return;
    const planning = slices();
    planSlice(planning);
    if (due.size === 0) return;
    const done = planRest(planning).then(() => {
      running.delete(done);
    });
    running.add(done);
  }

  function planSlice(planning: Slices): void {
    const now = clock.now();
    for (const cell of due) {
      due.delete(cell);
      if (cells.holds(cell) && !rests(cell, now)) advance(cell);
      if (planning.isOver()) return;
    }
  }

  /** Whether a glance tells that there is nothing to do. */
  function rests(cell: BusyCell, now: Instant): boolean {
    const lookAt = glance(cell, now);
    if (lookAt === undefined) return false;
    cells.lookAgain(cell, lookAt);
    return true;
  }

  async function planRest(planning: Slices): Promise<void> {
    while (due.size > 0) {
      await planning.giveWay();
      planSlice(planning);
    }
  }

  async function idle(): Promise<void> {
    while (running.size > 0) await Promise.all(running);
  }

  return {
    serve: cells.serve,
    tick: () => {
      const now = clock.now();
      const hasJumped = isCorrected(lastTick, now);
      lastTick = now;
      planAll(hasJumped ? cells.all() : cells.due(now.monotonic));
    },
    refreshNow: ({ names, strength }) =>
      wake(
        { type: 'requested', strength },
        cells.all().filter(({ unit }) => names?.includes(unit.name) ?? true),
      ),
    withdraw: (names) => {
      for (const cell of cells.all()) {
        if (cell.state.request.manual && names.includes(cell.unit.name))
          happen(cell, { type: 'withdrawn', why: 'late' });
      }
    },
    refreshFor: (account, request) => wake({ type: 'requested', ...request }, cells.of(account)),
    authorise: (account, sign) => wake({ type: 'authorised', sign }, cells.of(account)),
    settleCode: (mark) => {
      for (const cell of cells.all())
        if (cell.state.authorisation?.mark === mark) happen(cell, { type: 'code-settled', mark });
    },
    touched(id, target) {
      const cell = cells.get(id);
      if (cell) wake({ type: 'touched', target }, [cell]);
    },
    free: () => wake({ type: 'freed' }, cells.all()),
    invalidate: (account) => wake({ type: 'invalidated' }, cells.of(account)),
    doubt: (isIt, by) => {
      const doubted = cells.all().filter(({ state: { record } }) => record.token && isIt(record.token.value));
      for (const cell of doubted) takeDoubt(cell, by);
      if (by === 'reader' && doubted.length === 0)
        report(undefined, { type: 'doubt', by, verdict: 'behind' });
    },
    stateOf(id) {
      const cell = cells.get(id);
      return cell && stateOf(cell);
    },
    *views() {
      const now = clock.now();
      for (const cell of cells.all()) {
        const { unit, state, glancedAt, lanes } = cell;
        yield {
          unit,
          state,
          ...(glancedAt && { glancedAt }),
          // Most who look at thousands of units, as a scrape does, do not ask for it.
          get step() {
            return planOf(cell, now).step;
          },
          busy: lanes.length > 0,
        };
      }
    },
    idle,
    stop: () => {
      stopping = true;
      return idle();
    },
    abort: () => requests.abort(),
  };
}
