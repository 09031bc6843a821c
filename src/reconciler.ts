import { apply, type Event } from './core/apply.ts';
import type { Token } from './core/credential.ts';
import { type Failure, failureOf } from './core/failure.ts';
import { begin } from './core/outcome.ts';
import { type FetchStep, plan, type Step } from './core/plan.ts';
import type { AccountStore, Clock, Lease, Provider, Publisher } from './core/ports.ts';
import type { AccountRecord } from './core/record.ts';
import { judgeRefusal } from './core/refusal.ts';
import type { Report } from './core/report.ts';
import type { Secret } from './core/secret.ts';
import { initialState, lifeLeft, type Policy, type State, type Strength } from './core/state.ts';

/** One credential with its edges. */
export interface Unit {
  readonly name: string;
  readonly account: string;
  readonly policy: Policy;
  /** Of the AppSecret as it is now; undefined when it cannot be read. */
  readonly fingerprint: () => Promise<string | undefined>;
  readonly provider: Provider;
  readonly store: AccountStore;
  readonly publishers: readonly Publisher[];
}

export interface Surroundings {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly report: (name: string, report: Report) => void;
}

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

interface Cell {
  readonly unit: Unit;
  state: State;
  /** What runs for this credential: the refresh, and each target on its own. */
  readonly lanes: Set<string>;
}

const ACT = 'act';
const UNLOCKED: Lease = { held: async () => true, release: async () => {} };

/** The only loop: plan, act, apply. Everything that wakes it ends in {@link Reconciler.tick}. */
export function createReconciler(
  units: readonly Unit[],
  { clock, random, report }: Surroundings,
): Reconciler {
  const running = new Set<Promise<void>>();
  const requests = new AbortController();
  let stopping = false;
  const cells = units.map((unit): Cell => {
    const targets = unit.publishers.map(({ id }) => id);
    return { unit, state: initialState(unit.account, targets, clock.now(), random()), lanes: new Set() };
  });

  function happen(cell: Cell, event: Event): void {
    const { policy } = cell.unit;
    cell.state = apply(cell.state, event, { policy, now: clock.now(), random: random() });
  }

  function advance(cell: Cell): void {
    const { publish, step } = plan(cell.state, cell.unit.policy, clock.now());
    for (const publisher of cell.unit.publishers) {
      if (publish.includes(publisher.id))
        start(cell, `publish ${publisher.id}`, () => bringUpToDate(cell, publisher));
    }
    if (step.kind !== 'wait' && !stopping) start(cell, ACT, () => act(cell, step));
  }

  function wake(event: Event, concerns: (cell: Cell) => boolean): void {
    for (const cell of cells.filter(concerns)) {
      happen(cell, event);
      advance(cell);
    }
  }

  function hearRefusal(cell: Cell): void {
    const verdict = judgeRefusal(cell.state, clock.now());
    happen(cell, { type: 'refused' });
    report(cell.unit.name, { type: 'refusal', verdict });
    advance(cell);
  }

  function start(cell: Cell, lane: string, work: () => Promise<void>): void {
    if (cell.lanes.has(lane)) return;
    cell.lanes.add(lane);
    const done = work().then(() => {
      cell.lanes.delete(lane);
      running.delete(done);
      advance(cell);
    });
    running.add(done);
  }

  async function bringUpToDate(cell: Cell, publisher: Publisher): Promise<void> {
    const { token } = cell.state.record;
    if (!token) return;
    const target = publisher.id;
    try {
      const result = await publisher.publish(token, async () =>
        isNewest(token, await cell.unit.store.read()),
      );
      if (result === 'superseded') return happen(cell, { type: 'stirred' });
      happen(cell, { type: 'published', target, generation: token.generation });
      report(cell.unit.name, { type: 'published', target, result });
    } catch (error) {
      const failure = failureOf(error, 'none');
      happen(cell, { type: 'unpublished', target, failure });
      report(cell.unit.name, { type: 'unpublished', target, failure });
    }
  }

  /** Lock, look, plan again, act, release: what others did meanwhile is learnt before anything is sent. */
  async function act(cell: Cell, { kind }: Step): Promise<void> {
    if (kind === 'look') return look(cell);
    if (kind === 'probe') return probe(cell);
    const lease = await lock(cell);
    if (!lease) return;
    try {
      await look(cell);
      if (cell.state.orphan) happen(cell, { type: 'settled' });
      const { step } = plan(cell.state, cell.unit.policy, clock.now());
      if (step.kind === 'fetch' && !stopping) await fetch(cell, step, lease);
      if (!cell.state.saved && !cell.state.orphan) await save(cell, lease);
    } finally {
      await lease.release();
    }
  }

  async function lock(cell: Cell): Promise<Lease | undefined> {
    const { store, policy } = cell.unit;
    try {
      const lease = await store.lock();
      if (!lease) happen(cell, { type: 'blocked' });
      return lease;
    } catch (error) {
      if (policy.destructive) return block(cell, error);
      // An ordinary stable-token call harms nobody: better uncoordinated than without a token.
      report(cell.unit.name, { type: 'blocked', failure: failureOf(error, 'unsent') });
      return UNLOCKED;
    }
  }

  async function look(cell: Cell): Promise<void> {
    const { store, fingerprint } = cell.unit;
    const known = cell.state.record.token;
    const [record, ours] = await Promise.all([store.read(), fingerprint()]);
    happen(cell, { type: 'observed', record, ...(ours !== undefined && { fingerprint: ours }) });
    const { token } = cell.state.record;
    if (token && token.generation !== known?.generation)
      report(cell.unit.name, { type: 'adopted', lifeMs: life(cell) });
  }

  async function fetch(cell: Cell, step: FetchStep, lease: Lease): Promise<void> {
    const { unit } = cell;
    const record = begin(cell.state, unit.policy, step.forced, clock.now());
    const saved = await write(cell, record, lease);
    if (!saved && record.intent) return;
    if (!(await lease.held())) return happen(cell, { type: 'blocked' });
    happen(cell, { type: 'began', record, saved });
    report(unit.name, { type: 'fetching', step });
    const startedAt = clock.now();
    const event = await unit.provider.fetch({ forced: step.forced, signal: requests.signal }).then(
      (answer): Event => ({ type: 'fetched', answer, startedAt }),
      (error): Event => ({ type: 'failed', failure: failureOf(error, 'unknown') }),
    );
    if (event.type === 'fetched' && !(await lease.held()))
      return happen(cell, { ...event, type: 'orphaned' });
    happen(cell, event);
    const { failure, unready } = cell.state;
    const tookMs = clock.now().monotonic - startedAt.monotonic;
    if (failure) report(unit.name, { type: 'failed', step, failure, lifeMs: life(cell), tookMs });
    else
      report(unit.name, { type: unready > 0 ? 'unchanged' : 'refreshed', step, lifeMs: life(cell), tookMs });
  }

  async function probe(cell: Cell): Promise<void> {
    const { token } = cell.state.record;
    const works = token ? await cell.unit.provider.works(token, requests.signal) : true;
    happen(cell, { type: 'probed', works });
    report(cell.unit.name, { type: 'probed', works });
  }

  async function save(cell: Cell, lease: Lease): Promise<void> {
    const { record } = cell.state;
    if (await write(cell, record, lease)) happen(cell, { type: 'saved', generation: record.generation });
  }

  async function write(cell: Cell, record: AccountRecord, lease: Lease): Promise<boolean> {
    try {
      await cell.unit.store.write(record, lease);
      return true;
    } catch (error) {
      block(cell, error);
      return false;
    }
  }

  function block(cell: Cell, error: unknown): undefined {
    const failure: Failure = failureOf(error, 'unsent');
    happen(cell, { type: 'blocked', failure });
    report(cell.unit.name, { type: 'blocked', failure });
  }

  async function idle(): Promise<void> {
    while (running.size > 0) await Promise.all(running);
  }

  const life = (cell: Cell): number => lifeLeft(cell.state, clock.now()) ?? 0;

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

function isNewest(token: Token, stored: AccountRecord | undefined): boolean {
  return (stored?.token?.generation ?? 0) <= token.generation;
}
