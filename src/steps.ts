import { apply } from './core/apply.ts';
import type { Token } from './core/credential.ts';
import type { Event } from './core/event.ts';
import { type Failure, failureOf } from './core/failure.ts';
import { begin } from './core/outcome.ts';
import { type FetchStep, plan, type Step } from './core/plan.ts';
import { kills } from './core/policy.ts';
import type { Clock, Lease, Probe, Publisher, Unit } from './core/ports.ts';
import type { AccountRecord } from './core/record.ts';
import { judgeRefusal } from './core/refusal.ts';
import type { Report } from './core/report.ts';
import { lifeLeft, liveToken, type State } from './core/state.ts';
import { createLocks, watchedDeparture } from './locks.ts';

/** A unit with what is known of it: only {@link Steps.happen} changes that. */
export interface Cell {
  /** Another one of the same account after a change of the configuration. */
  unit: Unit;
  state: State;
  /** The one whose token this one is fetched with. */
  base?: Cell | undefined;
}

export interface Surroundings {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly report: Reporter;
  /** Asks for a tick in so many ms, should the next one come later; absent: ticks come often enough. */
  readonly wakeIn?: (ms: number) => void;
}

/** Told what happened to which unit; of a refusal that fits no unit, to none. */
export type Reporter = (unit: Pick<Unit, 'id' | 'name' | 'kind'> | undefined, report: Report) => void;

/** What a plan asks for, done at the edges. None of them rejects: what goes wrong is an event like any other. */
export interface Steps {
  happen(cell: Cell, event: Event): void;
  act(cell: Cell, step: Step): Promise<void>;
  publish(cell: Cell, publisher: Publisher): Promise<void>;
}

/**
 * @param signal ends requests under way
 * @param mayFetch asked directly before a request is prepared
 */
export function createSteps(
  { clock, random, report }: Surroundings,
  signal: AbortSignal,
  mayFetch: () => boolean,
): Steps {
  function happen(cell: Cell, event: Event): void {
    const { policy } = cell.unit;
    cell.state = apply(cell.state, event, { policy, now: clock.now(), random: random() });
  }

  async function publish(cell: Cell, publisher: Publisher): Promise<void> {
    const { token } = cell.state.record;
    if (!token) return;
    const target = publisher.id;
    try {
      const result = await publisher.publish(token, async () =>
        isNewest(token, await cell.unit.store.read().catch(() => undefined)),
      );
      if (result === 'superseded') return happen(cell, { type: 'stirred' });
      happen(cell, { type: 'published', target, generation: token.generation });
      report(cell.unit, { type: 'published', target, result, expiresAt: token.expiresAt });
    } catch (error) {
      const failure = failureOf(error, 'none');
      happen(cell, { type: 'unpublished', target, failure });
      report(cell.unit, { type: 'unpublished', target, failure });
    }
  }

  /** Lock, look, plan again, act, release: what others did meanwhile is learnt before anything is sent. */
  async function act(cell: Cell, step: Step): Promise<void> {
    if (step.kind === 'look') return look(cell);
    if (step.kind === 'probe') return probe(cell);
    if (step.kind === 'ask-time') return askTime(cell);
    const lease = await locks.take(cell, step);
    if (!lease) return;
    try {
      await look(cell);
      if (cell.state.orphan) happen(cell, { type: 'settled' });
      const { step: next } = plan(cell.state, cell.unit.policy, clock.now(), cell.base?.state);
      if (next.kind === 'fetch' && mayFetch()) await fetch(cell, next, lease);
      if (!cell.state.saved && !cell.state.orphan) await save(cell, lease);
    } finally {
      await lease.release();
    }
  }

  async function look(cell: Cell): Promise<void> {
    const { fingerprint } = cell.unit;
    const {
      failure,
      record: { token: known },
    } = cell.state;
    const { monotonic: asOf } = clock.now();
    const [record, ours] = await Promise.all([read(cell), fingerprint()]);
    happen(cell, { type: 'observed', record, asOf, ...(ours !== undefined && { fingerprint: ours }) });
    const { token } = cell.state.record;
    if (token && token.generation !== known?.generation)
      report(cell.unit, { type: 'adopted', lifeMs: life(cell) });
    else if (failure?.class === 'refused' && !cell.state.failure) report(cell.unit, { type: 'restored' });
  }

  async function fetch(cell: Cell, step: FetchStep, lease: Lease): Promise<void> {
    const { unit } = cell;
    // What was locked to keep something, or waited for its turn for too long, is not to spend a call.
    if (!(await lease.held())) return happen(cell, { type: 'blocked' });
    const record = begin(cell.state, unit.policy, step.forced, clock.now());
    const saved = await write(cell, record, lease);
    if (!saved && kills(unit.policy, step.forced)) return;
    if (!(await lease.held())) return happen(cell, { type: 'blocked' });
    happen(cell, { type: 'began', record, saved, ...(step.demoted && { demoted: step.demoted }) });
    report(unit, { type: 'fetching', step });
    const startedAt = clock.now();
    const token = cell.base && liveToken(cell.base.state, startedAt);
    const departure = watchedDeparture(lease);
    const request = { forced: step.forced, signal, permit: departure.permit, ...(token && { token }) };
    const event = await unit.provider.fetch(request).then(
      (answer): Event => ({ type: 'fetched', answer, startedAt }),
      (error): Event => ({ type: 'failed', failure: failureOf(error, 'unknown') }),
    );
    if (event.type === 'fetched' && !(await lease.held()))
      return happen(cell, { ...event, type: 'orphaned' });
    if (event.type === 'failed' && departure.isRefused()) return happen(cell, { type: 'blocked' });
    if (event.type === 'failed' && event.failure.effect === 'unknown' && departure.isLate())
      return happen(cell, { ...event, type: 'strayed', startedAt });
    happen(cell, event);
    if (event.type === 'failed' && event.failure.blamesToken) doubt(cell.base, token);
    const { failure, failures, unready } = cell.state;
    const tookMs = clock.now().monotonic - startedAt.monotonic;
    if (failure)
      report(unit, { type: 'failed', step, failure, isFirst: failures === 1, lifeMs: life(cell), tookMs });
    else report(unit, { type: unready > 0 ? 'unchanged' : 'refreshed', step, lifeMs: life(cell), tookMs });
  }

  async function read(cell: Cell): Promise<AccountRecord | undefined> {
    try {
      return await cell.unit.store.read();
    } catch (error) {
      unstored(cell, error);
      return undefined;
    }
  }

  /** As if a reader had reported it. */
  function doubt(base: Cell | undefined, token: Token | undefined): void {
    if (!base || base.state.record.token?.generation !== token?.generation) return;
    report(base.unit, { type: 'refusal', verdict: judgeRefusal(base.state, clock.now()) });
    happen(base, { type: 'refused' });
  }

  async function probe(cell: Cell): Promise<void> {
    const { works } = await asked(cell);
    happen(cell, { type: 'probed', works });
    report(cell.unit, { type: 'probed', works });
  }

  async function askTime(cell: Cell): Promise<void> {
    const { platformDate } = await asked(cell);
    happen(cell, { type: 'timed', ...(platformDate !== undefined && { platformDate }) });
  }

  async function asked({ unit, state: { record } }: Cell): Promise<Probe> {
    return record.token ? await unit.provider.probe(record.token, signal) : { works: true };
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
      unstored(cell, error);
      return false;
    }
  }

  function unstored(cell: Cell, error: unknown): void {
    const failure: Failure = failureOf(error, 'unsent');
    happen(cell, { type: 'unstored', failure });
    report(cell.unit, { type: 'unstored', failure });
  }

  const locks = createLocks({ happen, report, unstored });
  const life = (cell: Cell): number => lifeLeft(cell.state, clock.now()) ?? 0;

  return { happen, act, publish };
}

function isNewest(token: Token, stored: AccountRecord | undefined): boolean {
  return (stored?.token?.generation ?? 0) <= token.generation;
}
