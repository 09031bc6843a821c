import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { openSecret } from '../../../src/coordination/cluster/secret-cache.ts';
import type { ClusterEvent } from '../../../src/core/events/cluster.ts';
import { SECOND } from '../../../src/core/time.ts';
import { fakeClock } from '../../support/clock.ts';
import { type Content, fakeServer, fault, OBJECT, settle } from './fake-secret.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const AWAY = fault('kube-unreachable');

function opened(content?: Content, mood: Partial<ReturnType<typeof fakeServer>> = {}) {
  const server = Object.assign(fakeServer(content), mood);
  const clock = fakeClock();
  const events: ClusterEvent[] = [];
  const counts = { changes: 0, recoveries: 0 };
  const cache = openSecret({
    ...{ kubernetes: server.kubernetes, object: OBJECT, clock, random: () => 0.5 },
    report: (event) => void events.push(event),
    changed: () => {
      counts.changes += 1;
    },
    recovered: () => {
      counts.recoveries += 1;
    },
  });
  onTestFinished(cache.close);
  return {
    ...{ server, cache, clock, events, counts },
    version: () => cache.now()?.metadata.resourceVersion,
    async pass(ms: number) {
      clock.pass(ms);
      await vi.advanceTimersByTimeAsync(ms);
      await settle();
    },
  };
}

/** Its first look and the opening of its watch are over. */
async function known(content?: Content, mood: Parameters<typeof opened>[1] = {}) {
  const secret = opened(content, mood);
  await secret.cache.ready();
  await settle();
  return secret;
}

function gate() {
  let open = () => {};
  const shut = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { shut, open: () => open() };
}

describe('what is known of a Secret', () => {
  it('a Secret is known after the first look at it', async () => {
    const { cache, clock, counts, events } = opened({ data: { shop: 'eA==' } });
    expect([cache.now(), cache.syncedAt()]).toEqual([undefined, undefined]);
    await cache.ready();
    expect(cache.object).toEqual(OBJECT);
    expect(cache.now()?.data).toEqual({ shop: 'eA==' });
    expect(cache.syncedAt()).toBe(clock.now().monotonic);
    expect([counts.changes, counts.recoveries, events]).toEqual([1, 0, []]);
    expect([cache.failure(), cache.trouble()]).toEqual([undefined, undefined]);
  });

  it('the first look and the watch together ask the server once each', async () => {
    const { server } = await known({});
    expect(server.asked).toEqual(['get', 'watch']);
  });

  it('a first look that fails is over all the same, and says why', async () => {
    const { cache, events, counts } = opened({}, { down: AWAY });
    await cache.ready();
    expect([cache.now(), cache.failure(), cache.trouble()]).toEqual([undefined, AWAY.failure, AWAY.failure]);
    expect(cache.syncedAt()).toBeUndefined();
    expect(events).toEqual([{ type: 'trouble', object: 'Secret shop/wx-token', failure: AWAY.failure }]);
    expect(counts.recoveries).toBe(0);
  });

  it('a cluster that cannot be connected to is a failure as well', async () => {
    const { cache } = await known({}, { lost: fault('kube-credentials') });
    expect(cache.failure()).toMatchObject({ code: 'kube-credentials' });
  });

  it('what a watch tells is known, and that it was deleted too', async () => {
    const { server, version, counts } = await known({});
    server.write({});
    await settle();
    expect([version(), counts.changes]).toEqual(['2', 2]);
    server.remove();
    await settle();
    expect([version(), counts.changes]).toEqual([undefined, 3]);
  });

  it('a change that the watch does not tell is seen within half a minute', async () => {
    const { server, version, pass } = await known({});
    server.slip({});
    await pass(30 * SECOND);
    expect(version()).toBe('2');
  });

  it('a Secret that is found to be missing is forgotten', async () => {
    const { server, cache, version } = await known({});
    server.vanish();
    await expect(cache.refresh()).rejects.toMatchObject({ code: 'kube-missing' });
    expect(version()).toBeUndefined();
    expect(cache.failure()).toMatchObject({ code: 'kube-missing' });
  });

  it('a Secret that cannot be read at the moment is still known', async () => {
    const { server, cache, version } = await known({});
    server.down = AWAY;
    await expect(cache.refresh()).rejects.toBe(AWAY);
    expect(version()).toBe('1');
  });
});

describe('reading a Secret', () => {
  it('who asks for a Secret while somebody else does is told the same', async () => {
    const { server, cache } = await known({});
    const [one, other] = await Promise.all([cache.refresh(), cache.refresh()]);
    expect(other).toBe(one);
    expect(server.count('get')).toBe(2);
    server.slip({});
    expect((await cache.refresh()).metadata.resourceVersion).toBe('2');
    expect(server.count('get')).toBe(3);
  });

  it('a read that failed is not the answer to the next one', async () => {
    const { server, cache } = await known({}, { down: AWAY });
    await expect(cache.refresh()).rejects.toBe(AWAY);
    server.down = undefined;
    expect((await cache.refresh()).metadata.resourceVersion).toBe('1');
  });

  it('who needs a read that begins now does not get one that has begun before', async () => {
    const { server, cache } = await known({});
    const { shut, open } = gate();
    server.slow = shut;
    const before = cache.refresh();
    await settle();
    server.slip({});
    const now = cache.reread();
    await settle();
    open();
    expect((await before).metadata.resourceVersion).toBe('1');
    expect((await now).metadata.resourceVersion).toBe('2');
    expect(cache.now()?.metadata.resourceVersion).toBe('2');
  });

  it('an answer that a newer event has overtaken is not believed', async () => {
    const { server, cache, version } = await known({});
    const { shut, open } = gate();
    server.slow = shut;
    const reading = cache.refresh();
    await settle();
    server.write({});
    await settle();
    open();
    expect((await reading).metadata.resourceVersion).toBe('1');
    expect(version()).toBe('2');
  });
});

describe('changing a Secret', () => {
  it('a change is known at once, and so is that the server answers', async () => {
    const { cache, clock, version, counts } = await known({});
    clock.pass(5);
    const stored = await cache.patch('1', { metadata: { annotations: { a: 'b' } } });
    expect(stored.metadata).toMatchObject({ resourceVersion: '2', annotations: { a: 'b' } });
    expect([version(), counts.changes]).toEqual(['2', 2]);
    expect(cache.syncedAt()).toBe(clock.now().monotonic);
  });

  it('a change of another version fails and is no trouble of the Secret', async () => {
    const { server, cache, events } = await known({});
    server.slip({});
    await expect(cache.patch('1', {})).rejects.toMatchObject({ code: 'kube-conflict' });
    expect([cache.failure(), events]).toEqual([undefined, []]);
  });
});

describe('a Secret in trouble', () => {
  it('a failure counts as trouble once it has lasted', async () => {
    const { server, cache, clock } = await known({});
    server.down = AWAY;
    await cache.refresh().catch(() => {});
    expect([cache.failure(), cache.trouble()]).toEqual([AWAY.failure, undefined]);
    clock.pass(10 * SECOND);
    expect(cache.trouble()).toEqual(AWAY.failure);
  });

  it('a server that is back is noticed soon, reported once and watched at once', async () => {
    const away = { down: AWAY, deaf: AWAY };
    const { server, pass, events, counts } = await known({}, away);
    for (let times = 0; times < 30; times += 1) await pass(450);
    const before = server.count('watch');
    Object.assign(server, { down: undefined, deaf: undefined });
    expect([counts.recoveries, server.watches()]).toEqual([0, 0]);
    // No longer than from one knock to the next.
    for (let ms = 0; ms < 450 && counts.recoveries === 0; ms += 10) await pass(10);
    expect([server.count('watch'), server.watches()]).toEqual([before + 1, 1]);
    await pass(30 * SECOND);
    expect(counts.recoveries).toBe(1);
    expect(events.filter(({ type }) => type === 'well')).toEqual([
      { type: 'well', object: 'Secret shop/wx-token' },
    ]);
  });

  it('an event of the watch ends the trouble as well', async () => {
    const { server, cache, counts } = await known({});
    server.down = AWAY;
    await cache.refresh().catch(() => {});
    server.write({});
    await settle();
    expect([cache.failure(), counts.recoveries]).toEqual([undefined, 1]);
  });
});

describe('closing a Secret', () => {
  it('a Secret that is closed is neither watched nor looked at any more', async () => {
    const { server, cache, pass, version } = await known({});
    await cache.close();
    expect([server.watches(), vi.getTimerCount()]).toEqual([0, 0]);
    server.write({});
    await pass(60 * SECOND);
    expect(version()).toBe('1');
    expect(server.asked).toEqual(['get', 'watch']);
  });

  it('a read that is under way is ended and is no trouble', async () => {
    const { server, cache, events } = await known({});
    const { shut, open } = gate();
    server.slow = shut;
    const reading = cache.refresh();
    await settle();
    await cache.close();
    expect(server.signals.at(-1)?.aborted).toBe(true);
    open();
    await expect(reading).rejects.toMatchObject({ code: 'aborted' });
    expect([cache.failure(), events]).toEqual([undefined, []]);
  });
});
