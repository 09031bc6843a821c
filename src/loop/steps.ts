import type { Token } from '../core/credential.ts';
import { postponement } from '../core/due.ts';
import { failureOf } from '../core/failure.ts';
import type { Step } from '../core/plan.ts';
import type { Judge, Probe, Publisher, Unit } from '../core/ports.ts';
import { type Published, weigh } from '../core/published.ts';
import type { AccountRecord } from '../core/record.ts';
import { diedAt, lifeLeft } from '../core/state/life.ts';
import { isConfirmed, targetOf } from '../core/state/targets.ts';
import { type Cell, type Loop, planOf } from './cell.ts';
import { createFetching } from './fetching.ts';
import { createPushes } from './pushes.ts';
import { createLocks, createRecords } from './store.ts';

/** Does at the edges what a plan asks for. No step rejects: a failure is an event like any other. */
export interface Steps {
  act(cell: Cell, step: Step): Promise<void>;
  publish(cell: Cell, publisher: Publisher): Promise<void>;
}

/**
 * @param signal ends requests under way
 * @param mayFetch asked directly before a request is prepared
 */
export function createSteps(loop: Loop, signal: AbortSignal, mayFetch: () => boolean): Steps {
  const { clock, report, happen } = loop;
  /** The units whose targets were looked at. */
  const surveyed = new WeakSet<Unit>();
  const records = createRecords(loop);
  const locks = createLocks({ ...loop, unstored: records.unstored });
  const fetch = createFetching(loop, records, signal);
  const pushes = createPushes(loop, records, signal);

  async function publish(cell: Cell, publisher: Publisher): Promise<void> {
    const { token } = cell.state.record;
    if (!token) return;
    const target = publisher.id;
    const judge: Judge = {
      isNewest: async () => isNewest(token, await cell.unit.store.read().catch(() => undefined)),
      weigh: (found) =>
        weigh(found, token, cell.state, { policy: cell.unit.policy, now: clock.now(), random: 0 }),
      shared: () => report(cell.unit, { type: 'shared', target }),
      disturbed: (what) => report(cell.unit, { type: 'disturbed', target, what }),
    };
    try {
      const outcome = await publisher.publish(token, judge);
      const found = typeof outcome === 'object' ? outcome : undefined;
      if (found && !cell.unit.policy.follows) return takeOver(cell, found, target);
      // A mirror leaves a newer token alone: it says nothing of the source.
      const result = typeof outcome === 'object' ? 'unchanged' : outcome;
      if (result === 'superseded') return happen(cell, { type: 'invalidated' });
      const isFlawed = publisher.flaw?.();
      const flaw = isFlawed && { flaw: isFlawed };
      const before = targetOf(cell.state.targets, target);
      happen(cell, { type: 'published', target, generation: token.generation, ...flaw });
      const isKnown = result === 'unchanged' && isConfirmed(before, targetOf(cell.state.targets, target));
      const { expiresAt } = token;
      report(cell.unit, {
        type: 'published',
        target,
        result,
        expiresAt,
        ...flaw,
        ...(isKnown && { isKnown }),
      });
    } catch (error) {
      const failure = failureOf(error, 'none');
      happen(cell, { type: 'unpublished', target, failure });
      report(cell.unit, { type: 'unpublished', target, failure });
    }
  }

  function takeOver(cell: Cell, found: Published, target: string): void {
    happen(cell, { type: 'found', target, published: found });
    const isOurs = cell.state.record.token?.value.equals(found.token.value);
    const lifeMs = lifeLeft(cell.state.life, clock.now()) ?? 0;
    if (found.isBare && !isOurs) report(cell.unit, { type: 'doubtful', target });
    else report(cell.unit, { type: 'found', target, lifeMs, isFirst: false });
  }

  /** What the targets of a unit hold, at the first look at it: a record that lags behind does not know of it. */
  async function survey({ unit }: Cell): Promise<readonly Published[] | undefined> {
    if (surveyed.has(unit) || unit.policy.follows) return undefined;
    surveyed.add(unit);
    const found = await Promise.all(unit.publishers.map((publisher) => publisher.published?.()));
    return found.filter((one) => one !== undefined);
  }

  /** Lock, look, plan again, act, release. So the daemon learns what others did meanwhile before it sends anything. */
  async function act(cell: Cell, step: Step): Promise<void> {
    if (step.kind === 'look') return look(cell);
    if (step.kind === 'probe') return probe(cell);
    if (step.kind === 'ask-time') return askTime(cell);
    const lease = await locks.take(cell, step);
    if (!lease) return;
    try {
      await look(cell);
      if (cell.state.late) happen(cell, { type: 'settled' });
      const { step: next } = planOf(cell, clock.now());
      if (next.kind === 'fetch' && mayFetch()) await fetch(cell, next, lease);
      if (next.kind === 'start-pushes' && mayFetch()) await pushes.start(cell, lease);
      if (!cell.state.store.saved && !cell.state.late) await records.save(cell, lease);
    } finally {
      await lease.release();
    }
  }

  async function look(cell: Cell): Promise<void> {
    const { fingerprint } = cell.unit;
    const { token: before } = cell.state.record;
    const { failure } = cell.state.attempts;
    const wasGone = cell.state.life.unauthorised !== undefined;
    const { monotonic: asOf } = clock.now();
    const [record, ours, published, ticket] = await Promise.all([
      records.read(cell),
      fingerprint(),
      survey(cell),
      cell.unit.pushed?.newest(),
    ]);
    const isPartial = cell.unit.store.isPartial?.() ?? false;
    const known = {
      ...(ours !== undefined && { fingerprint: ours }),
      ...(published && { published }),
      ...(ticket && { ticket }),
    };
    happen(cell, { type: 'observed', record, asOf, isPartial, ...known });
    pushes.look(cell);
    const { token } = cell.state.record;
    const lifeMs = lifeLeft(cell.state.life, clock.now()) ?? 0;
    const isFound = token && published?.some((one) => one.token.value.equals(token.value));
    if (isFound && !record?.token?.value.equals(token.value) && !before?.value.equals(token.value))
      report(cell.unit, { type: 'found', lifeMs, isFirst: true });
    else if (token && token.generation !== before?.generation) {
      const isGone = diedAt(cell.state.life) !== undefined;
      report(cell.unit, { type: 'adopted', lifeMs, ...(isGone && { unauthorised: true }) });
    } else if (cell.state.life.unauthorised && !wasGone && record?.lastFailure)
      report(cell.unit, { type: 'unauthorised', failure: record.lastFailure.failure });
    else if (failure?.class === 'refused' && !cell.state.attempts.failure)
      report(cell.unit, { type: 'restored' });
  }

  async function probe(cell: Cell): Promise<void> {
    const { works } = await asked(cell);
    happen(cell, { type: 'probed', works });
    const isReplaced = !works && cell.unit.policy.destructive;
    report(cell.unit, { type: 'probed', works, ...(isReplaced && { isReplaced }) });
  }

  async function askTime(cell: Cell): Promise<void> {
    const { platformDate } = await asked(cell);
    happen(cell, { type: 'timed', ...(platformDate !== undefined && { platformDate }) });
  }

  async function asked({ unit, state: { record } }: Cell): Promise<Probe> {
    return record.token ? await unit.provider.probe(record.token, signal) : { works: true };
  }

  return { act, publish };
}

function isNewest(token: Token, stored: AccountRecord | undefined): boolean {
  return (stored?.token?.generation ?? 0) <= token.generation;
}

type Wait = Extract<Step, { kind: 'wait' }>;

/** What the loop says and does when there is nothing to do but to wait. */
export interface Waits {
  noticed(cell: Cell, step: Wait): void;
}

export function createWaits({ clock, report, happen }: Loop): Waits {
  /** The cells that were waiting for the budget when the loop last looked at them. */
  const exhausted = new WeakSet<Cell>();
  /** The cells whose readers were given time before the refresh that a person asked for. */
  const postponed = new WeakSet<Cell>();

  /** Whoever asked for a refresh is told that it waits for readers, and for how long. */
  function tellIfPostponed(cell: Cell): void {
    const { why, ms = 0 } = postponement(cell.state, cell.unit.policy, clock.now()) ?? {};
    if (why === 'readers' && !postponed.has(cell)) report(cell.unit, { type: 'postponed', ms });
    if (why === 'readers') postponed.add(cell);
    else postponed.delete(cell);
  }

  /** Drops a person's refresh that cannot be made now: later it would come as a surprise. */
  function withdraw(cell: Cell, why: Wait['why']): boolean {
    if (!cell.state.request.manual || (why !== 'budget' && why !== 'lagging')) return false;
    happen(cell, { type: 'withdrawn', why });
    if (why === 'lagging') report(cell.unit, { type: 'lagging' });
    return true;
  }

  return {
    noticed(cell, { why, ms }) {
      tellIfPostponed(cell);
      const requested = withdraw(cell, why);
      if (why !== 'budget') {
        exhausted.delete(cell);
        return;
      }
      if (exhausted.has(cell) && !requested) return;
      exhausted.add(cell);
      const lifeMs = lifeLeft(cell.state.life, clock.now()) ?? 0;
      report(cell.unit, { type: 'exhausted', ms, lifeMs, requested });
    },
  };
}
