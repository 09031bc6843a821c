import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { keepWatching } from '../../../src/coordination/cluster/secret-cache.ts';
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

/** After the first look a watch is on its way and not open yet: the next look does not wait for it. */
const OPENING = 3 * SECOND;

/** Watched since a moment ago; a random number is one half each time. */
async function watching(mood: Partial<ReturnType<typeof fakeServer>> = {}, content: Content = {}) {
  const server = Object.assign(fakeServer(content), mood);
  const clock = fakeClock();
  const ending = new AbortController();
  const [events, told]: [ClusterEvent[], string[]] = [[], []];
  const state = {
    looks: 0,
    look: async (): Promise<unknown> => undefined,
    code: undefined as string | undefined,
  };
  const watch = keepWatching({
    ...{ kubernetes: server.kubernetes, object: OBJECT, clock, random: () => 0.5, signal: ending.signal },
    report: (event) => void events.push(event),
    look() {
      state.looks += 1;
      return state.look();
    },
    failure: () => (state.code === undefined ? undefined : fault(state.code).failure),
    onObject: ({ metadata }) => void told.push(metadata.resourceVersion),
    onGone: ({ metadata }) => void told.push(`gone ${metadata.resourceVersion}`),
  });
  onTestFinished(() => ending.abort());
  await settle();
  return Object.assign(state, {
    ...{ server, watch, events, told, end: () => ending.abort() },
    async pass(ms: number) {
      clock.pass(ms);
      await vi.advanceTimersByTimeAsync(ms);
      await settle();
    },
  });
}

describe('keeping up with a Secret', () => {
  it('what a watch tells is passed on', async () => {
    const { server, told, events } = await watching();
    expect([server.asked, server.watches()]).toEqual([['watch'], 1]);
    server.write({});
    server.remove();
    await settle();
    expect(told).toEqual(['2', 'gone 2']);
    expect(events).toEqual([]);
  });

  it('a Secret that is watched is looked at every half minute all the same', async () => {
    const watched = await watching();
    await watched.pass(OPENING);
    expect(watched.looks).toBe(2);
    await watched.pass(30 * SECOND - 1);
    expect(watched.looks).toBe(2);
    await watched.pass(1);
    expect(watched.looks).toBe(3);
    await watched.pass(30 * SECOND);
    expect(watched.looks).toBe(4);
    expect(watched.server.count('watch')).toBe(1);
  });

  it('a Secret whose watch is not open is looked at every few seconds', async () => {
    const watched = await watching({ stuck: new Promise(() => {}) });
    await watched.pass(3 * SECOND - 1);
    expect(watched.looks).toBe(1);
    await watched.pass(1);
    expect(watched.looks).toBe(2);
  });

  it.for(['kube-unreachable', 'kube-timeout', 'kube-cut'])(
    'a server that is away with %s is knocked at several times a second',
    async (code) => {
      const watched = await watching();
      watched.code = code;
      await watched.pass(OPENING);
      expect(watched.looks).toBe(2);
      await watched.pass(449);
      expect(watched.looks).toBe(2);
      await watched.pass(1);
      expect(watched.looks).toBe(3);
      watched.code = undefined;
      await watched.pass(450);
      await watched.pass(29 * SECOND);
      expect(watched.looks).toBe(4);
    },
  );

  it('a server that answers with a refusal is not knocked at', async () => {
    const watched = await watching({ stuck: new Promise(() => {}) });
    watched.code = 'kube-forbidden';
    await watched.pass(3 * SECOND);
    expect(watched.looks).toBe(2);
    await watched.pass(SECOND);
    expect(watched.looks).toBe(2);
  });

  it('a look that fails does not end the watching', async () => {
    const watched = await watching();
    watched.look = () => Promise.reject(fault('kube-missing'));
    await watched.pass(OPENING);
    await watched.pass(30 * SECOND);
    expect(watched.looks).toBe(3);
  });
});

describe('a watch of a Secret in trouble', () => {
  it('a watch that is refused is reported and leads to a look at once', async () => {
    const watched = await watching();
    const refused = fault('kube-forbidden', { class: 'refused' });
    watched.server.cut(refused);
    await settle();
    expect(watched.looks).toBe(2);
    expect(watched.events).toEqual([
      { type: 'trouble', object: 'Secret shop/wx-token', failure: refused.failure },
    ]);
  });

  it('a watch that is cut leads to a look at once and is not reported', async () => {
    const watched = await watching();
    watched.server.cut(fault('kube-cut'));
    await settle();
    expect(watched.looks).toBe(2);
    expect(watched.events).toEqual([]);
  });

  it('a watch that was cut is opened again soon, or at once when the server is known to answer', async () => {
    const { server, watch, pass } = await watching();
    server.cut(fault('kube-cut'));
    await pass(249);
    expect(server.count('watch')).toBe(1);
    await pass(1);
    expect(server.count('watch')).toBe(2);
    server.cut(fault('kube-cut'));
    await settle();
    watch.recovered();
    await settle();
    expect(server.count('watch')).toBe(3);
  });

  it('a server that cannot be connected to is looked at and asked for a watch again', async () => {
    const watched = await watching({ lost: fault('kube-credentials') });
    watched.watch.recovered();
    expect(watched.server.count('watch')).toBe(0);
    watched.server.lost = undefined;
    await watched.pass(3 * SECOND);
    expect([watched.looks, watched.server.count('watch')]).toEqual([2, 1]);
  });
});

describe('the end of watching a Secret', () => {
  it('a watch that is ended between two looks ends at once and tells nothing more', async () => {
    const { server, watch, end, told, pass, ...watched } = await watching();
    end();
    await watch.ended;
    expect(server.watches()).toBe(0);
    server.write({});
    await pass(60 * SECOND);
    expect([told, watched.looks, vi.getTimerCount()]).toEqual([[], 1, 0]);
  });

  it('a watch that is ended during its first look connects to nothing', async () => {
    const server = fakeServer({});
    const ending = new AbortController();
    let connections = 0;
    const client = () => {
      connections += 1;
      return server.kubernetes.client();
    };
    const { ended } = keepWatching({
      ...{ kubernetes: { ...server.kubernetes, client }, object: OBJECT, clock: fakeClock() },
      ...{ signal: ending.signal, random: () => 0.5, report: () => {}, failure: () => undefined },
      ...{ onObject: () => {}, onGone: () => {} },
      look: async () => ending.abort(),
    });
    await ended;
    expect([connections, server.asked]).toEqual([0, []]);
  });

  it('a watch that is ended before it begins looks at nothing', async () => {
    const server = fakeServer({});
    let looks = 0;
    const { ended } = keepWatching({
      ...{ kubernetes: server.kubernetes, object: OBJECT, clock: fakeClock(), random: () => 0.5 },
      ...{ signal: AbortSignal.abort(), report: () => {}, failure: () => undefined },
      ...{ onObject: () => {}, onGone: () => {} },
      look: async () => {
        looks += 1;
      },
    });
    await ended;
    expect([looks, server.asked]).toEqual([0, []]);
  });
});
