import { apply } from '../../src/core/apply.ts';
import type { Event } from '../../src/core/events/event.ts';
import type { Report } from '../../src/core/events/report.ts';
import type { FetchRequest, Lease, Probe, Unit } from '../../src/core/ports.ts';
import type { AccountRecord } from '../../src/core/record.ts';
import { Secret } from '../../src/core/secret.ts';
import type { Cell, Loop } from '../../src/loop/cell.ts';
import { type Changes, changed } from '../support/state.ts';
import { type Story, tell, token } from '../support/story.ts';

export const LEASE: Lease = { held: async () => true, release: async () => {} };

/** What the edges of a cell do, each until a test says otherwise. */
export interface Edges {
  read: () => Promise<AccountRecord | undefined>;
  write: (record: AccountRecord) => Promise<void>;
  lock: () => Promise<Lease | undefined>;
  fetch: (request: FetchRequest) => Promise<{ value: Secret; expiresIn: number }>;
  probe: () => Promise<Probe>;
  fingerprint: () => Promise<string | undefined>;
  isPartial: boolean;
}

/** One cell, and everything that was said and done about it. */
export function aCell(story: Story = tell('stable-token'), changes: Changes = {}, of: Partial<Unit> = {}) {
  const { clock, policy } = story;
  const events: Event[] = [];
  const reports: Report[] = [];
  const edges: Edges = {
    read: async () => story.state().record,
    write: async () => {},
    lock: async () => LEASE,
    fetch: async () => ({ value: new Secret(token('fetched')), expiresIn: 7200 }),
    probe: async () => ({ works: true }),
    fingerprint: async () => undefined,
    isPartial: false,
  };
  const unit: Unit = {
    ...{ id: 'shop', name: 'shop', kind: 'token', optional: false, host: 'h', policy, publishers: [] },
    account: story.state().record.account,
    fingerprint: () => edges.fingerprint(),
    provider: { fetch: (request) => edges.fetch(request), probe: () => edges.probe() },
    store: {
      read: () => edges.read(),
      write: (record) => edges.write(record),
      lock: () => edges.lock(),
      isPartial: () => edges.isPartial,
    },
    ...of,
  };
  const cell: Cell = { unit, state: changed(story.state(), changes), leaning: [], slot: -1 };
  const loop: Loop = {
    clock,
    report: (_of, report) => void reports.push(report),
    happen: (which, event) => {
      if (which === cell) events.push(event);
      which.state = apply(which.state, event, { policy: which.unit.policy, now: clock.now(), random: 0.5 });
    },
  };
  return { cell, loop, edges, events, reports, clock, types: () => events.map(({ type }) => type) };
}
