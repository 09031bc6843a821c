import { describe, expect, it } from 'vitest';
import { holdingOf, specOf } from '../../../src/coordination/lease/election.ts';
import { type ElectorOptions, startElector } from '../../../src/coordination/lease/elector.ts';
import type { ClusterEvent } from '../../../src/core/events/cluster.ts';
import { EdgeError, PASSING } from '../../../src/core/failure.ts';
import { SECOND } from '../../../src/core/time.ts';
import type { KubernetesClient } from '../../../src/kubernetes/client.ts';
import type { Stored } from '../../../src/kubernetes/resources.ts';
import { systemClock } from '../../../src/system/time/clock.ts';
import { eventually } from '../../support/wait.ts';
import { apiInMemory, failing, silence } from '../api-in-memory.ts';
import { steeredTime } from '../steered-time.ts';

const LEASE = { resource: 'leases', namespace: 'shop', name: 'wx-token' } as const;
const NAME = 'shop/wx-token';
const OBJECT = `Lease ${NAME}`;
const TIMES = { duration: 15 * SECOND, renewDeadline: 10 * SECOND, retryPeriod: 2 * SECOND };

/** As the client says it when it has been refused for longer than an API server takes to start. */
const FORBIDDEN = new EdgeError({
  ...{
    class: 'refused',
    code: 'kube-forbidden',
    message: 'may not watch',
    zh: { message: 'may not watch' },
    effect: 'none',
    backoff: PASSING,
  },
});

type AtEnd = Parameters<typeof steeredTime>[0];
type Api = ReturnType<typeof apiInMemory>;

/** A Lease of another daemon as it stands in the server. */
function heldBy(holder: string, changes: { duration?: number; renewed?: number } = {}) {
  const holding = { holder, duration: 15 * SECOND, transitions: 4, acquired: 0, renewed: 0, ...changes };
  return { spec: specOf(holding) };
}

/** A candidate for a Lease, after its first look. */
async function candidate(
  atEnd: AtEnd,
  prepare: (api: Api) => void = (api) => void api.put('leases', {}),
  changes: Partial<ElectorOptions> = {},
) {
  const time = steeredTime(atEnd);
  const api = apiInMemory();
  prepare(api);
  const events: ClusterEvent[] = [];
  let elections = 0;
  const elector = startElector({
    client: api.client as Pick<KubernetesClient, 'namespace'> as KubernetesClient,
    ...{ lease: LEASE, identity: 'me', clock: time.clock, times: TIMES, random: () => 0.5 },
    report: (event) => events.push(event),
    elected: () => {
      elections += 1;
    },
    ...changes,
  });
  atEnd(() => {
    api.meet(() => {});
    api.meetAfterwards(() => {});
    void elector.close();
  });
  await time.pass(0);
  return {
    ...time,
    ...elector,
    api,
    events,
    elections: () => elections,
    reads: () => api.count('get leases'),
    writes: () => api.count('replace leases'),
    holding: () => holdingOf(api.lease() ?? {}),
    /** Another daemon writes the Lease. */
    async write(...of: Parameters<typeof heldBy>) {
      api.put('leases', heldBy(...of));
      await time.pass(0);
    },
  };
}

/** Calls of this kind fail from now on. */
const fail =
  (kind: string, error: Error = failing()) =>
  (call: string) => {
    if (call.startsWith(kind)) throw error;
  };

/** Calls of this kind are not answered from now on. */
const hang = (kind: string) => async (call: string, signal: AbortSignal) => {
  if (call.startsWith(kind)) await silence(signal);
};

const TAKEN = { type: 'leads', lease: NAME };
const lost = (why: string) => ({ type: 'follows', lease: NAME, why });

describe('missing permission to watch the Lease', () => {
  it('a candidate that may not watch the Lease is elected and reports what it lacks', async ({
    onTestFinished,
  }) => {
    let stored: Stored<'leases'> = { metadata: { name: 'wx-token', resourceVersion: '1' } };
    const client = {
      namespace: 'shop',
      get: async () => stored,
      replace: async (_: unknown, whole: Stored<'leases'>) => {
        stored = whole;
        return whole;
      },
      watch: () => Promise.reject(FORBIDDEN),
    };
    const events: ClusterEvent[] = [];
    const elector = startElector({
      client: client as Pick<KubernetesClient, 'namespace'> as KubernetesClient,
      ...{ lease: LEASE, identity: 'me', clock: systemClock, random: Math.random, elected: () => {} },
      times: { duration: 15_000, renewDeadline: 10_000, retryPeriod: 2_000 },
      report: (event) => events.push(event),
    });
    onTestFinished(() => elector.close());
    await eventually(elector.leads);
    const trouble = await eventually(() => events.find(({ type }) => type === 'trouble'));
    expect(trouble).toMatchObject({ object: 'Lease shop/wx-token', failure: { code: 'kube-forbidden' } });
    expect(elector.trouble()).toBeUndefined();
  });
});

describe('a Lease that is free', () => {
  it('a candidate takes a free Lease, says so once and leaves the labels of the Lease as they are', async ({
    onTestFinished,
  }) => {
    const one = await candidate(onTestFinished, (api) =>
      api.put('leases', { metadata: { labels: { app: 'wx' } } }),
    );
    const { wall } = one.clock.now();
    expect([one.leads(), one.holder(), one.trouble()]).toEqual([true, 'me', undefined]);
    expect(one.holding()).toEqual({
      ...{ holder: 'me', duration: 15 * SECOND, transitions: 0, acquired: wall, renewed: wall },
    });
    expect(one.api.lease()?.metadata).toMatchObject({ labels: { app: 'wx' } });
    expect([one.events, one.elections()]).toEqual([[TAKEN], 1]);
  });

  it('a leader renews its Lease after each retry period and says nothing', async ({ onTestFinished }) => {
    const one = await candidate(onTestFinished);
    for (const renewals of [1, 2, 3]) {
      await one.pass(TIMES.retryPeriod - 1);
      expect(one.writes()).toBe(renewals);
      await one.pass(1);
      expect(one.holding()?.renewed).toBe(one.clock.now().wall);
    }
    expect([one.leads(), one.events, one.elections()]).toEqual([true, [TAKEN], 1]);
  });

  it('a candidate that is overtaken looks again soon and reports no trouble', async ({ onTestFinished }) => {
    const one = await candidate(onTestFinished, (api) => {
      api.put('leases', {});
      api.meet(fail('replace', failing({ code: 'kube-conflict' })));
    });
    expect([one.leads(), one.reads()]).toEqual([false, 1]);
    // A tenth of the retry period at most.
    await one.pass(99);
    expect(one.reads()).toBe(1);
    one.api.meet(() => {});
    await one.pass(1);
    expect([one.leads(), one.reads()]).toEqual([true, 2]);
    expect(one.events).toEqual([TAKEN]);
  });
});

describe('a Lease that conflicts without end', () => {
  it('a candidate looks again soon a few times, then reports it and tries as seldom as after any failure', async ({
    onTestFinished,
  }) => {
    const one = await candidate(onTestFinished, (api) => {
      api.put('leases', {});
      api.meet(fail('replace', failing({ code: 'kube-conflict' })));
    });
    for (let times = 1; times < 9; times += 1) await one.pass(100);
    expect([one.reads(), one.events]).toEqual([9, []]);
    await one.pass(100);
    expect(one.events).toMatchObject([{ type: 'trouble', failure: { code: 'kube-conflict' } }]);
    const { length } = one.events;
    await one.pass(TIMES.retryPeriod / 2 - 1);
    expect(one.reads()).toBe(10);
    await one.pass(TIMES.retryPeriod);
    expect(one.events.length).toBeGreaterThan(length);
    one.api.meet(() => {});
    await one.pass(TIMES.retryPeriod);
    expect(one.leads()).toBe(true);
  });
});

describe('a Lease of another daemon', () => {
  const ofAnother = (api: Api) => void api.put('leases', heldBy('other'));

  it('a candidate takes the Lease a moment after it has run out', async ({ onTestFinished }) => {
    const one = await candidate(onTestFinished, ofAnother);
    expect(one.events).toEqual([{ type: 'held', lease: NAME, holder: 'other' }]);
    expect(one.holder()).toBe('other');
    await one.pass(TIMES.duration + 199);
    expect([one.leads(), one.writes()]).toEqual([false, 0]);
    await one.pass(1);
    expect(one.leads()).toBe(true);
    expect(one.holding()).toMatchObject({ holder: 'me', transitions: 5 });
  });

  it('a candidate with an open watch reads a Lease of long duration every 30 s', async ({
    onTestFinished,
  }) => {
    const one = await candidate(onTestFinished, (api) =>
      api.put('leases', heldBy('other', { duration: 120 * SECOND })),
    );
    await one.pass(30 * SECOND - 1);
    expect(one.reads()).toBe(1);
    await one.pass(1);
    expect(one.reads()).toBe(2);
    expect(one.writes()).toBe(0);
  });

  it('a candidate without a watch reads the Lease a little less often than its holder renews it', async ({
    onTestFinished,
  }) => {
    const one = await candidate(onTestFinished, (api) => {
      ofAnother(api);
      api.meet(hang('watch'));
    });
    await one.pass(3_199);
    expect(one.reads()).toBe(1);
    await one.pass(1);
    expect(one.reads()).toBe(2);
  });

  it('a candidate takes the Lease at once when the watch tells that it was given back', async ({
    onTestFinished,
  }) => {
    const one = await candidate(onTestFinished, ofAnother);
    await one.write('', { renewed: 1_000 });
    expect([one.leads(), one.holding()?.holder]).toEqual([true, 'me']);
  });

  it('a leader whose Lease was taken stops and tells who holds it', async ({ onTestFinished }) => {
    const one = await candidate(onTestFinished);
    await one.write('other');
    expect([one.leads(), one.holder()]).toEqual([false, 'other']);
    expect(one.events).toEqual([TAKEN, { type: 'held', lease: NAME, holder: 'other' }, lost('taken')]);
  });

  it('a candidate that cannot read a Lease of another daemon has no trouble before that has run out', async ({
    onTestFinished,
  }) => {
    const one = await candidate(onTestFinished, (api) => {
      ofAnother(api);
      api.meet(hang('watch'));
    });
    one.api.meet(fail('get'));
    await one.pass(10 * SECOND);
    expect(one.events.at(-1)).toMatchObject({ type: 'trouble', object: OBJECT });
    expect(one.trouble()).toBeUndefined();
    await one.pass(5 * SECOND);
    expect(one.trouble()).toMatchObject({ code: 'kube-unreachable' });
  });
});

describe('trouble with the Lease', () => {
  it('a candidate that cannot read the Lease reports it, tries again and reports that it is well', async ({
    onTestFinished,
  }) => {
    const failure = failing();
    const one = await candidate(onTestFinished, (api) => {
      api.put('leases', {});
      api.meet(fail('get', failure));
    });
    const trouble = { type: 'trouble', object: OBJECT, failure: failure.failure };
    expect(one.events).toEqual([trouble]);
    expect(one.trouble()).toEqual(failure.failure);
    await one.pass(1_499);
    expect(one.reads()).toBe(1);
    await one.pass(1);
    expect([one.reads(), one.events]).toEqual([2, [trouble, trouble]]);
    one.api.meet(() => {});
    await one.pass(1_500);
    expect(one.events).toEqual([trouble, trouble, TAKEN, { type: 'well', object: OBJECT }]);
    expect(one.trouble()).toBeUndefined();
    await one.pass(2 * TIMES.retryPeriod);
    expect(one.events).toHaveLength(4);
  });

  it('a candidate that reads the Lease again opens its watch at once', async ({ onTestFinished }) => {
    const one = await candidate(onTestFinished, (api) => {
      api.put('leases', heldBy('other', { duration: 600 * SECOND }));
      api.meet(fail(''));
    });
    // Three times in vain, and the next time in 2 s.
    await one.pass(1_400);
    expect(one.api.count('watch leases')).toBe(4);
    one.api.meet(() => {});
    await one.pass(100);
    expect(one.api.count('watch leases')).toBe(5);
    await one.write('', { renewed: 1_000 });
    expect(one.leads()).toBe(true);
  });

  it('a leader that meets a failure goes on to lead and has no trouble before its deadline', async ({
    onTestFinished,
  }) => {
    const one = await candidate(onTestFinished);
    one.api.meet(fail('replace'));
    await one.pass(9 * SECOND);
    expect(one.events.at(-1)).toMatchObject({ type: 'trouble', object: OBJECT });
    expect([one.leads(), one.trouble()]).toEqual([true, undefined]);
    await one.pass(SECOND + 1);
    expect(one.leads()).toBe(false);
    expect(one.trouble()).toMatchObject({ code: 'kube-unreachable' });
    expect(one.events.filter(({ type }) => type === 'follows')).toEqual([lost('late')]);
  });

  it('a leader that wakes after its deadline and fails to renew says so with the next attempt', async ({
    onTestFinished,
  }) => {
    const one = await candidate(onTestFinished);
    one.api.meet(fail('get'));
    one.set(TIMES.renewDeadline);
    expect(one.leads()).toBe(false);
    await one.pass(TIMES.retryPeriod);
    expect(one.events.at(-1)).toEqual(lost('late'));
  });

  it('a leader whose Lease was deleted stops and knows of no holder', async ({ onTestFinished }) => {
    const one = await candidate(onTestFinished);
    one.api.remove('leases');
    await one.pass(0);
    expect([one.leads(), one.holder()]).toEqual([false, undefined]);
    expect(one.events.slice(1)).toEqual([lost('gone'), expect.objectContaining({ type: 'trouble' })]);
    expect(one.trouble()).toMatchObject({ code: 'kube-missing' });
  });

  it.for([
    ['four fifths of a short deadline', 5 * SECOND, 4 * SECOND] as const,
    ['8 s', 20 * SECOND, 8 * SECOND] as const,
  ])(
    'a call of a candidate that is not answered is given up after %s',
    async ([, renewDeadline, patience], context) => {
      const one = await candidate(
        context.onTestFinished,
        (api) => {
          api.put('leases', {});
          api.meet(hang('get'));
        },
        { times: { ...TIMES, renewDeadline } },
      );
      await one.pass(patience - 1);
      expect(one.trouble()).toBeUndefined();
      await one.pass(1);
      expect(one.trouble()).toMatchObject({ message: 'too late', effect: 'none' });
    },
  );

  it('a write that is not answered is given up as well', async ({ onTestFinished }) => {
    const one = await candidate(onTestFinished, (api) => {
      api.put('leases', {});
      api.meet(hang('replace'));
    });
    await one.pass(8 * SECOND);
    expect(one.trouble()).toMatchObject({ message: 'too late' });
  });
});

describe('a daemon that does not stand for a while', () => {
  it('a leader that abstains stops at once, gives the Lease back and stands again later', async ({
    onTestFinished,
  }) => {
    const one = await candidate(onTestFinished, (api) => {
      api.put('leases', {});
      api.meet(hang('watch'));
    });
    await one.pass(SECOND);
    one.abstain(6 * SECOND);
    expect(one.leads()).toBe(false);
    expect(one.events).toEqual([TAKEN, lost('resigned')]);
    await one.pass(0);
    expect(one.holding()).toMatchObject({ holder: '', duration: SECOND });
    await one.pass(6 * SECOND - 1);
    expect([one.leads(), one.reads(), one.writes()]).toEqual([false, 2, 2]);
    await one.pass(1);
    expect([one.leads(), one.holding()?.holder, one.elections()]).toEqual([true, 'me', 2]);
  });

  it('a candidate that abstains leaves a free Lease to others until its time is over', async ({
    onTestFinished,
  }) => {
    const one = await candidate(onTestFinished, (api) => void api.put('leases', heldBy('other')));
    one.abstain(6 * SECOND);
    await one.write('', { renewed: 1_000 });
    expect([one.leads(), one.writes()]).toEqual([false, 0]);
    await one.pass(6 * SECOND + 199);
    expect(one.leads()).toBe(false);
    await one.pass(1);
    expect(one.leads()).toBe(true);
  });

  it('a leader that abstains during a renewal gives the Lease back when that is over', async ({
    onTestFinished,
  }) => {
    const one = await candidate(onTestFinished);
    one.api.meetAfterwards(async (call) => {
      if (call === 'replace leases' && one.writes() === 2) one.abstain(6 * SECOND);
    });
    await one.pass(TIMES.retryPeriod);
    expect([one.leads(), one.writes(), one.holding()?.holder]).toEqual([false, 3, '']);
    expect(one.events).toEqual([TAKEN, lost('resigned')]);
  });
});

describe('the end of an elector', () => {
  it('a leader that is closed stops at once, gives the Lease back and says so last', async ({
    onTestFinished,
  }) => {
    const one = await candidate(onTestFinished);
    const closed = one.close();
    expect(one.leads()).toBe(false);
    expect(one.events).toEqual([TAKEN]);
    await closed;
    expect(one.holding()?.holder).toBe('');
    expect(one.events).toEqual([TAKEN, lost('released')]);
    const [reads, writes] = [one.reads(), one.writes()];
    await one.pass(60 * SECOND);
    expect([one.reads(), one.writes()]).toEqual([reads, writes]);
  });

  it('a candidate that is closed leaves the Lease of another daemon without a call', async ({
    onTestFinished,
  }) => {
    const one = await candidate(onTestFinished, (api) => void api.put('leases', heldBy('other')));
    const before = [...one.api.calls];
    await one.close();
    expect(one.api.calls).toEqual(before);
    expect(one.events).toHaveLength(1);
  });

  it('a call that is ended by the closing is no trouble', async ({ onTestFinished }) => {
    const one = await candidate(onTestFinished, (api) => {
      api.put('leases', {});
      api.meet(hang('get'));
    });
    await one.close();
    expect(one.events).toEqual([]);
  });

  it('a daemon that is closed before the answer to its first write gives the Lease back', async ({
    onTestFinished,
  }) => {
    const one = await candidate(onTestFinished, (api) => {
      api.put('leases', {});
      api.meet(hang('watch'));
      api.meetAfterwards(hang('replace'));
    });
    expect([one.holding()?.holder, one.holder()]).toEqual(['me', undefined]);
    one.api.meetAfterwards(() => {});
    await one.close();
    expect(one.holding()?.holder).toBe('');
  });

  it('a daemon that has seen how an unanswered write ended leaves the Lease to its holder', async ({
    onTestFinished,
  }) => {
    const one = await candidate(onTestFinished, (api) => {
      api.put('leases', {});
      api.meet(fail('replace'));
    });
    one.api.meet(() => {});
    one.api.put('leases', heldBy('other'));
    await one.pass(0);
    const before = one.api.calls.length;
    expect(one.holder()).toBe('other');
    await one.close();
    expect(one.api.calls.slice(before)).toEqual([]);
  });

  it('a leader that hears of another holder before it is closed leaves the Lease without a call', async ({
    onTestFinished,
  }) => {
    const one = await candidate(onTestFinished);
    one.api.meet(fail('get'));
    await one.write('other');
    const before = one.api.calls.length;
    await one.close();
    expect(one.api.calls.slice(before)).toEqual([]);
    expect(one.holding()?.holder).toBe('other');
  });

  it('a write that is obeyed after the closing began is waited for and undone', async ({
    onTestFinished,
  }) => {
    let obey = () => {};
    const one = await candidate(onTestFinished, (api) => {
      api.put('leases', {});
      api.meet(async (call) => {
        if (call === 'replace leases' && api.count(call) === 1)
          await new Promise<void>((resolve) => {
            obey = resolve;
          });
      });
    });
    const closed = one.close();
    await one.pass(0);
    expect(one.holding()).toBeUndefined();
    obey();
    await closed;
    expect(one.holding()).toMatchObject({ holder: '', transitions: 0 });
    expect(one.events).toEqual([]);
  });

  it('a renewal that is answered after the closing does not make the daemon lead again', async ({
    onTestFinished,
  }) => {
    const one = await candidate(onTestFinished);
    let answer = () => {};
    one.api.meetAfterwards(async (call) => {
      if (call === 'replace leases' && one.writes() === 2)
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
    });
    await one.pass(TIMES.retryPeriod);
    const closed = one.close();
    answer();
    await closed;
    expect(one.leads()).toBe(false);
    expect(one.holding()?.holder).toBe('');
    expect(one.events).toEqual([TAKEN, lost('released')]);
  });

  it.for([
    ['2 s unless it is told otherwise', undefined, 2 * SECOND] as const,
    ['as long as it is told to', 5 * SECOND, 5 * SECOND] as const,
  ])(
    'a leader that cannot give the Lease back tries for %s and says why',
    async ([, patience, given], context) => {
      const one = await candidate(context.onTestFinished);
      one.api.meet(hang('get'));
      const closed = one.close(patience);
      await one.pass(given - 1);
      expect(one.events).toEqual([TAKEN]);
      await one.pass(1);
      await closed;
      const failure = expect.objectContaining({ message: 'too late' });
      expect(one.events).toEqual([TAKEN, { ...lost('kept'), failure }]);
    },
  );
});
