import { describe, expect, it } from 'vitest';
import { specOf } from '../../../src/coordination/lease/election.ts';
import { watchLease } from '../../../src/coordination/lease/lease-watch.ts';
import type { ClusterEvent } from '../../../src/core/events/cluster.ts';
import { SECOND } from '../../../src/core/time.ts';
import type { KubernetesClient } from '../../../src/kubernetes/client.ts';
import type { Stored } from '../../../src/kubernetes/resources.ts';
import { apiInMemory, failing, silence } from '../api-in-memory.ts';
import { steeredTime } from '../steered-time.ts';

const LEASE = { resource: 'leases', namespace: 'shop', name: 'wx-token' } as const;

type AtEnd = Parameters<typeof steeredTime>[0];

/** Looks at a Lease that nobody has held yet. */
async function looking(atEnd: AtEnd, api = apiInMemory()) {
  const { clock, pass } = steeredTime(atEnd);
  const ending = new AbortController();
  const events: ClusterEvent[] = [];
  let moves = 0;
  if (!api.lease()) api.put('leases', {});
  const watch = watchLease({
    client: api.client as Pick<KubernetesClient, 'namespace'> as KubernetesClient,
    ...{ lease: LEASE, identity: 'me', clock, random: () => 0.5, signal: ending.signal },
    report: (event) => events.push(event),
    holderChanged: () => {
      moves += 1;
    },
  });
  atEnd(() => ending.abort());
  await pass(0);
  const heldBy = (holder: string, renewed = 0) =>
    ({ spec: specOf({ holder, duration: 15 * SECOND, transitions: 0, acquired: 0, renewed }) }) as Pick<
      Stored<'leases'>,
      'spec'
    >;
  const stored = (holder: string, renewed = 0) => heldBy(holder, renewed) as Stored<'leases'>;
  /** Somebody writes it, and the watch tells. */
  const write = async (holder: string, renewed = 0) => {
    api.put('leases', heldBy(holder, renewed));
    await pass(0);
  };
  return { ...watch, api, clock, pass, ending, events, stored, write, moves: () => moves };
}

const held = (holder: string) => ({ type: 'held', lease: 'shop/wx-token', holder });

describe('who holds a Lease', () => {
  it('another holder is told of once, and again after a third one has held the Lease', async ({
    onTestFinished,
  }) => {
    const { observe, stored, events, holder } = await looking(onTestFinished);
    for (const [name, renewed] of [['one', 1] as const, ['one', 2] as const]) observe(stored(name, renewed));
    expect(events).toEqual([held('one')]);
    observe(stored('two'));
    observe(stored('one', 3));
    expect(events).toEqual([held('one'), held('two'), held('one')]);
    expect(holder()).toBe('one');
  });

  it('a holder is told of again when the Lease was ours or nobody’s meanwhile', async ({
    onTestFinished,
  }) => {
    const { observe, stored, events, holder } = await looking(onTestFinished);
    for (const name of ['one', 'me', 'one', '', 'one']) observe(stored(name));
    expect(events).toEqual([held('one'), held('one'), held('one')]);
    observe(stored(''));
    expect(holder()).toBeUndefined();
  });

  it('a daemon that holds the Lease itself knows so and tells nobody', async ({ onTestFinished }) => {
    const { observe, stored, events, holder } = await looking(onTestFinished);
    observe(stored('me'));
    expect(holder()).toBe('me');
    expect(events).toEqual([]);
  });

  it('a Lease that is gone has no holder, and its next holder is told of', async ({ onTestFinished }) => {
    const { observe, stored, events, holder, now, forget } = await looking(onTestFinished);
    observe(stored('one'));
    forget();
    expect([now(), holder()]).toEqual([undefined, undefined]);
    observe(stored('one'));
    expect(events).toEqual([held('one'), held('one')]);
  });

  it('nothing is told of holders after the end', async ({ onTestFinished }) => {
    const { observe, stored, events, ending, holder } = await looking(onTestFinished);
    ending.abort();
    observe(stored('one'));
    expect(events).toEqual([]);
    expect(holder()).toBe('one');
  });

  it('a Lease that has not changed counts from when it was first seen so', async ({ onTestFinished }) => {
    const { observe, stored, clock, pass, now } = await looking(onTestFinished);
    const first = clock.now();
    observe(stored('one', 1));
    await pass(3 * SECOND);
    expect(observe(stored('one', 1))).toMatchObject({ at: first, holding: { holder: 'one', renewed: 1 } });
    expect(observe(stored('one', 2)).at).toEqual(clock.now());
    expect(now()?.at).toEqual(clock.now());
  });
});

describe('a watch on a Lease', () => {
  it('a Lease that passes to another one or to nobody is told of as moved', async ({ onTestFinished }) => {
    const { write, moves, events, holder } = await looking(onTestFinished);
    expect(moves()).toBe(0);
    await write('one');
    expect([moves(), holder()]).toEqual([1, 'one']);
    expect(events).toEqual([held('one')]);
    await write('one', 2);
    expect(moves()).toBe(1);
    await write('');
    expect(moves()).toBe(2);
  });

  it('a Lease that becomes ours has not moved', async ({ onTestFinished }) => {
    const { write, moves, holder } = await looking(onTestFinished);
    await write('me');
    expect([moves(), holder()]).toEqual([0, 'me']);
  });

  it('a Lease that is deleted has moved', async ({ onTestFinished }) => {
    const { api, moves, pass } = await looking(onTestFinished);
    api.remove('leases');
    await pass(0);
    expect(moves()).toBe(1);
  });

  it('a watch that is refused is reported, and one that fails otherwise is not', async ({
    onTestFinished,
  }) => {
    const api = apiInMemory();
    const failure = failing({ class: 'refused', code: 'kube-forbidden' });
    let isRefused = false;
    api.meet(() => {
      throw isRefused ? failure : failing();
    });
    const { events, state, pass } = await looking(onTestFinished, api);
    expect(state().open).toBe(false);
    expect(events).toEqual([]);
    isRefused = true;
    await pass(10 * SECOND);
    expect(events[0]).toEqual({ type: 'trouble', object: 'Lease shop/wx-token', failure: failure.failure });
  });

  it('a watch is open while it would hear and ends with the signal', async ({ onTestFinished }) => {
    const { state, ending, ended } = await looking(onTestFinished);
    expect(state().open).toBe(true);
    ending.abort();
    await ended;
    expect(state().open).toBe(false);
  });

  it('a watch that waits before it opens again opens at once when it is told to', async ({
    onTestFinished,
  }) => {
    const api = apiInMemory();
    api.meet(() => {
      throw failing();
    });
    const { state, reopen, pass } = await looking(onTestFinished, api);
    expect(api.count('watch leases')).toBe(1);
    api.meet(() => {});
    reopen();
    await pass(0);
    expect(state().open).toBe(true);
  });

  it('a watch that is opened says what is there already', async ({ onTestFinished }) => {
    const api = apiInMemory();
    api.meet((_, signal) => silence(signal));
    const { holder } = await looking(onTestFinished, api);
    expect(holder()).toBeUndefined();
    const other = apiInMemory();
    other.put('leases', { spec: { holderIdentity: 'one' } } as Stored<'leases'>);
    const seen = await looking(onTestFinished, other);
    expect(seen.holder()).toBe('one');
  });
});
