import { onTestFinished } from 'vitest';
import type { Kind } from '../../../src/core/credential.ts';
import type { Listing } from '../../../src/core/listing.ts';
import { plan, type View } from '../../../src/core/plan.ts';
import type { Clock, Unit } from '../../../src/core/ports.ts';
import { createHealthServer, type HealthServer } from '../../../src/observability/http/health-server.ts';
import { PASSING_FAULT, pushed, type Story, TARGET, tell, token } from '../../support/story.ts';
import { report } from '../reports.ts';

/** A line of what Prometheus is told. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Exposed extends Omit<HealthServer, 'start'> {
  /** Everything, or the series of one metric. */
  readonly scrape: (name?: string) => Promise<readonly Series[]>;
  readonly get: () => Promise<Response>;
}

export const SHOP = { id: 'shop', name: 'shop', kind: 'token' } as const;

/** A health server over so many credentials; it ends with the test. */
export async function expose(clock: Clock, views: () => readonly View[]): Promise<Exposed> {
  const problems: unknown[] = [];
  const { start, ...health } = createHealthServer({
    clock,
    views,
    leadership: () => ({ lease: 'wx/wx-token', leads: true }),
    listen: { host: '127.0.0.1', port: 0 },
    allowedHosts: [],
    failed: (error) => problems.push(error),
  });
  const { address, close } = await start();
  onTestFinished(close);
  health.serve(views().map(({ unit }) => unit));
  const get = () => fetch(`http://${address}/metrics`);
  return {
    ...health,
    get,
    async scrape(name) {
      const response = await get();
      if (!response.ok) throw new Error('no metrics', { cause: problems[0] });
      return seriesIn(await response.text()).filter((series) => name === undefined || series.name === name);
    },
  };
}

/** One credential called shop, whose story goes on. */
export async function exposeShop(story: Story, others: () => readonly View[] = () => []) {
  const exposed = await expose(story.clock, () => [viewOf('shop', story), ...others()]);
  return {
    ...exposed,
    /** The only value of a metric; undefined where there is none. */
    async read(name: string): Promise<number | undefined> {
      const [first, ...more] = await exposed.scrape(name);
      if (more.length > 0) throw new Error(`${name} has ${more.length + 1} series`);
      return first?.value;
    },
  };
}

/** One that has met everything there is a metric for. */
export async function exposeAll() {
  const pushes = { quietAfter: 1_800_000, endingAfter: 39_600_000, canStart: true };
  const story = tell('stable-token', { pushes });
  story.happen({ type: 'observed', record: undefined, ticket: pushed(story) });
  story.fetch(token('a'));
  story.happen({ type: 'unstored', failure: PASSING_FAULT });
  const exposed = await exposeShop(story, () => [listView('all', { at: 1, accounts: {} })]);
  const { refreshed, refused, published, doubt } = report;
  for (const one of [refreshed, refused(40164), published('written'), doubt('rival')])
    exposed.report(SHOP, one);
  exposed.report(SHOP, { type: 'code', mark: 'a', outcome: 'exchanged' });
  exposed.pushed({ verdict: 'refused' });
  return exposed;
}

/** The list of an entry that stands for as many accounts as the platform lists. */
function listView(name: string, listing: Listing): View {
  const view = viewOf(name, tell('stable-token'), 'accounts', []);
  return {
    ...view,
    unit: { ...view.unit, listed: () => {} },
    state: { ...view.state, record: { ...view.state.record, listing } },
  };
}

/** What a story tells of a credential, or of a ticket of it. */
export function viewOf(name: string, story: Story, kind: Kind = 'token', targets = [TARGET]): View {
  const unit: Unit = {
    id: kind === 'token' ? name : `${name}/${kind}`,
    name,
    kind,
    optional: false,
    account: story.state().record.account,
    host: 'https://api.weixin.qq.com',
    policy: story.policy,
    fingerprint: async () => undefined,
    provider: { fetch: () => Promise.reject(new Error('not asked')), probe: async () => ({ works: true }) },
    store: { read: async () => undefined, write: async () => {}, lock: async () => undefined },
    publishers: targets.map((id) => ({ id, prepare: async () => [], publish: async () => 'written' })),
  };
  const state = story.state();
  return { unit, state, step: plan(state, story.policy, story.clock.now()).step, busy: false };
}

const LINE = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/s;
const PAIR = /([a-z_]+)="((?:[^"\\]|\\.)*)"/gs;

/** @throws {Error} for a line that is none */
export function seriesIn(text: string): Series[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => {
    const [, name = '', pairs = '', value = ''] = LINE.exec(line) ?? [];
    if (name === '') throw new Error(`not a line of metrics: ${line}`);
    const labels = Object.fromEntries(
      [...pairs.matchAll(PAIR)].map(([, label, raw = '']) => [label, unescaped(raw)]),
    );
    return { name, labels, value: Number(value) };
  });
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/gs, (_all, character: string) => (character === 'n' ? '\n' : character));
}
