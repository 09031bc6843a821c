import { describe, expect, it } from 'vitest';
import { keysOf } from '../../../src/codec/secret-layout.ts';
import { type ClusterOptions, joinCluster } from '../../../src/coordination/cluster/index.ts';
import type { Request } from '../../../src/coordination/cluster/secret-requests.ts';
import { holdingOf, specOf } from '../../../src/coordination/lease/election.ts';
import type { ClusterEvent } from '../../../src/core/events/cluster.ts';
import { SECOND } from '../../../src/core/time.ts';
import type { KubernetesClient } from '../../../src/kubernetes/client.ts';
import type { Kubernetes } from '../../../src/kubernetes/index.ts';
import type { Stored } from '../../../src/kubernetes/resources.ts';
import { tell } from '../../support/story.ts';
import { viewOf } from '../../support/view.ts';
import { apiInMemory, failing } from '../api-in-memory.ts';
import { steeredTime } from '../steered-time.ts';

const ACCOUNT = 'weixin/stable-token/wx0000000000000000';
const SUBJECT = { name: 'shop', type: 'stable-token', appId: 'wx0000000000000000', kind: 'token' } as const;
const TIMES = { duration: 15 * SECOND, renewDeadline: 10 * SECOND, retryPeriod: 2 * SECOND };
const KEYS = keysOf('shop', 'token');
const REQUEST: Request = { id: 'one', refresh: { strength: 'forced', generation: 4 } };

type AtEnd = Parameters<typeof steeredTime>[0];

/** A daemon in a cluster with a Lease that nobody has held yet and an empty Secret. */
async function joined(atEnd: AtEnd, changes: Partial<ClusterOptions> = {}) {
  const time = steeredTime(atEnd);
  const api = apiInMemory();
  api.put('leases', {});
  api.put('secrets', {});
  const unasked = () => Promise.reject(new TypeError('not in this story'));
  const kubernetes: Kubernetes = {
    client: async () => api.client as Pick<KubernetesClient, 'namespace'> as KubernetesClient,
    inTurn: (_, work) => work(),
    ...{ problems: unasked, updateSecret: unasked, close: unasked },
  };
  const events: ClusterEvent[] = [];
  const cluster = await joinCluster({
    ...{ lease: { name: 'wx-token', ...TIMES }, secret: { name: 'wx-secret' }, kubernetes },
    ...{ clock: time.clock, random: () => 0.5, warn: () => {} },
    report: (event) => events.push(event),
    ...changes,
  });
  atEnd(() => {
    api.meet(() => {});
    void cluster.close(SECOND);
  });
  await time.pass(0);
  const told: unknown[] = [];
  return {
    ...time,
    ...cluster,
    ...{ api, events, told },
    /** Takes part in the election, and notes what it is told. */
    async start() {
      cluster.start({
        changed: (account) => told.push(['changed', account]),
        freed: () => told.push('freed'),
        asked: (account, request) => told.push(['asked', account, request]),
      });
      await time.pass(0);
    },
    holder: () => holdingOf(api.lease() ?? {})?.holder,
    /** Another daemon takes the Lease, or gives it back. */
    async hold(holder: string, renewed = 1_000) {
      const spec = specOf({ holder, duration: 15 * SECOND, transitions: 0, acquired: 0, renewed });
      api.put('leases', { spec } as Pick<Stored<'leases'>, 'spec'>);
      await time.pass(0);
    },
    /** Another daemon writes annotations of the Secret. */
    async write(annotations: Readonly<Record<string, string>>) {
      api.put('secrets', { metadata: { annotations } });
      await time.pass(0);
    },
  };
}

describe('a daemon that joins a cluster', () => {
  it('a daemon that has not started neither leads nor stands for the Lease', async ({ onTestFinished }) => {
    const { leadership, api, open, resign } = await joined(onTestFinished);
    expect(leadership()).toStrictEqual({ lease: 'shop/wx-token', leads: false });
    resign();
    const store = open(ACCOUNT, SUBJECT);
    expect(await store.lock('fetch')).toBeUndefined();
    expect(api.count('get leases')).toBe(0);
  });

  it('a daemon that started is elected, names itself as the holder and is told that it is free to act', async ({
    onTestFinished,
  }) => {
    const { start, leadership, holder, told } = await joined(onTestFinished);
    await start();
    expect(leadership()).toStrictEqual({ lease: 'shop/wx-token', leads: true, holder: holder() });
    expect(holder()).toMatch(/^.+_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(told).toEqual(['freed']);
  });

  it('what a leader calls for accounts waits a second from its election, which are those of the one before', async ({
    onTestFinished,
  }) => {
    const { start, takeTurn, pass } = await joined(onTestFinished);
    await start();
    expect(await takeTurn('weixin/component/wx0000000000000000')).toBe(1_100);
    await pass(1_100);
    expect(await takeTurn('weixin/component/wx0000000000000000')).toBe(0);
  });

  it('two daemons of one host stand for the Lease under two names', async ({ onTestFinished }) => {
    const [one, two] = [await joined(onTestFinished), await joined(onTestFinished)];
    await one.start();
    await two.start();
    expect(one.holder()).not.toBe(two.holder());
  });

  it('a daemon that does not lead names the one that does', async ({ onTestFinished }) => {
    const { start, leadership, hold } = await joined(onTestFinished);
    await hold('other');
    await start();
    expect(leadership()).toStrictEqual({ lease: 'shop/wx-token', leads: false, holder: 'other' });
  });

  it('a daemon whose own Lease has run out names no holder', async ({ onTestFinished }) => {
    const { start, leadership, set, holder } = await joined(onTestFinished);
    await start();
    set(TIMES.renewDeadline);
    expect(holder()).toBeDefined();
    expect(leadership()).toStrictEqual({ lease: 'shop/wx-token', leads: false });
  });

  it('places are named by their keys and the Secret in the namespace that the configuration says', async ({
    onTestFinished,
  }) => {
    const own = await joined(onTestFinished);
    expect(own.placesOf('shop', 'token')).toEqual([
      'shop in Secret shop/wx-secret',
      'shop.json in Secret shop/wx-secret',
    ]);
    const other = await joined(onTestFinished, {
      lease: { name: 'wx-token', namespace: 'tokens', ...TIMES },
      secret: { name: 'wx-secret', namespace: 'mall' },
    });
    expect(other.placesOf('shop', 'jsapi')).toEqual([
      'shop.jsapi in Secret mall/wx-secret',
      'shop.jsapi.json in Secret mall/wx-secret',
    ]);
    expect(other.leadership().lease).toBe('tokens/wx-token');
  });
});

describe('what a daemon hears of its cluster', () => {
  const [unit] = [viewOf(tell('stable-token')).unit];
  const record = { [KEYS.record]: JSON.stringify({ version: 1, account: ACCOUNT, generation: 1 }) };

  it('a record that another daemon writes is told of', async ({ onTestFinished }) => {
    const { start, serve, write, told } = await joined(onTestFinished);
    serve([unit]);
    await start();
    await write(record);
    expect(told).toEqual(['freed', ['changed', ACCOUNT]]);
  });

  it('a record that changes before the start is told to nobody', async ({ onTestFinished }) => {
    const { serve, write, told } = await joined(onTestFinished);
    serve([unit]);
    await write(record);
    expect(told).toEqual([]);
  });

  it('a request that lies in the Secret is passed on as soon as the daemon is elected', async ({
    onTestFinished,
  }) => {
    const { start, serve, write, told, hold, api } = await joined(onTestFinished);
    serve([unit]);
    await hold('other');
    await start();
    await write({ [KEYS.request]: JSON.stringify(REQUEST) });
    expect(told).toEqual([]);
    await hold('', 2_000);
    expect(told).toEqual(['freed', ['asked', ACCOUNT, REQUEST]]);
    expect(api.secret()?.metadata.annotations).toEqual({});
  });

  it('a daemon that reaches its Secret again is told that it is free to act', async ({ onTestFinished }) => {
    const { start, told, api, pass } = await joined(onTestFinished);
    await start();
    api.meet((call) => {
      if (call.endsWith('secrets')) throw failing();
    });
    await pass(31 * SECOND);
    expect(told).toEqual(['freed']);
    api.meet(() => {});
    await pass(SECOND);
    expect(told).toEqual(['freed', 'freed']);
  });

  it('a Secret that is reached again before the start frees nobody', async ({ onTestFinished }) => {
    const { events, api, pass, told } = await joined(onTestFinished);
    api.meet(() => {
      throw failing();
    });
    await pass(60 * SECOND);
    api.meet(() => {});
    await pass(SECOND);
    expect(events.at(-1)).toEqual({ type: 'well', object: 'Secret shop/wx-secret' });
    expect(told).toEqual([]);
  });
});

describe('who may fetch in a cluster', () => {
  it('a store can be locked for a fetch by the daemon that leads', async ({ onTestFinished }) => {
    const { start, open } = await joined(onTestFinished);
    const store = open(ACCOUNT, SUBJECT);
    await start();
    const lease = await store.lock('fetch');
    expect(lease?.isHeld?.()).toBe(true);
    await lease?.release();
  });

  it('a store cannot be locked while another daemon leads', async ({ onTestFinished }) => {
    const { start, open, hold } = await joined(onTestFinished);
    await hold('other');
    await start();
    expect(await open(ACCOUNT, SUBJECT).lock('fetch')).toBeUndefined();
  });

  it('a lock fails with the reason why nobody can be elected', async ({ onTestFinished }) => {
    const { start, open, api } = await joined(onTestFinished);
    api.remove('leases');
    await start();
    await expect(open(ACCOUNT, SUBJECT).lock('fetch')).rejects.toMatchObject({ code: 'kube-missing' });
  });
});

describe('the end of the lead', () => {
  it('a leader that resigns gives the Lease back and stands again after three retry periods', async ({
    onTestFinished,
  }) => {
    const { start, resign, leadership, holder, pass } = await joined(onTestFinished);
    await start();
    resign();
    await pass(0);
    expect([leadership().leads, holder()]).toEqual([false, '']);
    await pass(3 * TIMES.retryPeriod - 1);
    expect(leadership().leads).toBe(false);
    await pass(SECOND);
    expect(leadership().leads).toBe(true);
  });

  it('a leader that resigns during a fetch leads until the fetch is over and begins no other', async ({
    onTestFinished,
  }) => {
    const { start, resign, leadership, open, pass, holder } = await joined(onTestFinished);
    await start();
    const store = open(ACCOUNT, SUBJECT);
    const lease = await store.lock('fetch');
    resign();
    await pass(0);
    expect(leadership().leads).toBe(true);
    expect(await store.lock('fetch')).toBeUndefined();
    await lease?.release();
    await pass(0);
    expect([leadership().leads, holder()]).toEqual([false, '']);
  });

  it('a leader that is to resign leaves requests to the next one', async ({ onTestFinished }) => {
    const { start, serve, resign, open, write, told, api } = await joined(onTestFinished);
    serve([viewOf(tell('stable-token')).unit]);
    await start();
    await open(ACCOUNT, SUBJECT).lock('fetch');
    resign();
    await write({ [KEYS.request]: JSON.stringify(REQUEST) });
    expect(told).toEqual(['freed']);
    expect(api.secret()?.metadata.annotations).toHaveProperty([KEYS.request]);
  });

  it('a daemon that leaves the cluster gives the Lease back and asks nothing more', async ({
    onTestFinished,
  }) => {
    const { start, close, holder, api, pass, events } = await joined(onTestFinished);
    await start();
    await close(SECOND);
    expect(holder()).toBe('');
    expect(events.at(-1)).toEqual({ type: 'follows', lease: 'shop/wx-token', why: 'released' });
    const before = [...api.calls];
    await pass(60 * SECOND);
    expect(api.calls).toEqual(before);
  });

  it('a daemon that leaves without having started closes its Secret', async ({ onTestFinished }) => {
    const { close, api, pass } = await joined(onTestFinished);
    await close(SECOND);
    const before = [...api.calls];
    await pass(60 * SECOND);
    expect(api.calls).toEqual(before);
    expect(before).not.toContain('get leases');
  });
});
