import { describe, expect, it } from 'vitest';
import { encodeRecord } from '../../../src/codec/record.ts';
import { token } from '../../support/story.ts';
import { recordOf as anyRecord } from '../cluster/fake-secret.ts';
import { ACCOUNT, type Desk, redisFault, redisRig } from './rig.ts';

const SECOND = 1_000;
const LOST = {
  code: 'lock-lost',
  message: 'the record in Redis was written, or its lock taken, by another daemon meanwhile',
  failure: { class: 'passing', effect: 'none' },
};
const recordOf = (generation: number, value?: string) => ({
  ...anyRecord(generation, value),
  account: ACCOUNT,
});

async function keep(desk: Desk, record: ReturnType<typeof recordOf>): Promise<void> {
  const lease = await desk.store.lock('keep');
  if (lease) await desk.store.write(record, lease);
}

const away = (): never => {
  throw redisFault('redis-unreachable');
};

describe('the record of an account in Redis', () => {
  it('a write of which no answer came is made once and recognised', async ({ onTestFinished }) => {
    const { desk, model } = redisRig(onTestFinished);
    const [one, two] = [desk('one'), desk('two')];
    const lease = await one.locked();
    let cuts = 0;
    one.meet((call, work) => {
      const answer = work();
      if (call !== 'write' || cuts > 0) return answer;
      cuts += 1;
      throw redisFault('redis-odd', 'unknown');
    });
    await one.store.write(recordOf(1, token('a')), lease);
    await one.store.write(recordOf(2, token('b')), lease);
    expect(await two.store.read()).toEqual(recordOf(2, token('b')));
    expect(model.run.read(ACCOUNT)).toBe(encodeRecord(recordOf(2, token('b'))).trimEnd());
  });

  it('a refusal of the server is told at once', async ({ onTestFinished }) => {
    const { desk } = redisRig(onTestFinished);
    const one = desk('one');
    const lease = await one.locked();
    one.meet(() => {
      throw redisFault('redis-full', 'none');
    });
    await expect(one.store.write(recordOf(1), lease)).rejects.toMatchObject({ code: 'redis-full' });
    expect(one.asked.filter((call) => call === 'write')).toHaveLength(1);
    expect(one.events).toContainEqual(expect.objectContaining({ type: 'trouble' }));
  });

  it('what another has written since the lock was taken is not replaced', async ({ onTestFinished }) => {
    const { desk } = redisRig(onTestFinished);
    const [one, two] = [desk('one'), desk('two')];
    await keep(one, recordOf(2, token('a')));
    const lease = await one.locked();
    await keep(two, recordOf(3, token('b')));
    await expect(one.store.write(recordOf(3, token('c')), lease)).rejects.toMatchObject(LOST);
    expect(await one.store.read()).toEqual(recordOf(3, token('b')));
  });

  it('what a failover has lost is written over, and what others have written since is not', async ({
    onTestFinished,
  }) => {
    const { desk, model } = redisRig(onTestFinished);
    const [one, two] = [desk('one'), desk('two')];
    await keep(one, recordOf(5, token('a')));
    const before = model.snapshot();
    const lease = await one.locked();
    await one.store.write({ ...recordOf(6, token('a')), intent: { at: 1, forced: false } }, lease);
    model.restore(before);
    await one.store.write(recordOf(7, token('b')), lease);
    expect(await two.store.read()).toEqual(recordOf(7, token('b')));

    model.flush();
    await one.store.write(recordOf(8, token('c')), lease);
    expect(await two.store.read()).toEqual(recordOf(8, token('c')));

    model.restore(before);
    await keep(two, recordOf(8, token('other')));
    await expect(one.store.write(recordOf(9, token('d')), lease)).rejects.toMatchObject(LOST);
  });

  it('daemons that bring back the same record do not quarrel', async ({ onTestFinished }) => {
    const { desk, model } = redisRig(onTestFinished);
    const [one, two] = [desk('one'), desk('two')];
    await keep(one, recordOf(5, token('a')));
    await two.store.read();
    model.flush();
    const leases = [await one.store.lock('keep'), await two.store.lock('keep')];
    const { ledger, ...rest } = recordOf(5, token('a'));
    for (const [index, lease] of leases.entries()) {
      // The same in another order of its keys.
      const record = index === 0 ? recordOf(5, token('a')) : { ledger, ...rest };
      if (lease) await [one, two][index]?.store.write(record, lease);
    }
    expect(await one.store.read()).toEqual(recordOf(5, token('a')));
  });

  it('what is no record is ignored with one warning, and replaced', async ({ onTestFinished }) => {
    const { desk, model } = redisRig(onTestFinished);
    const one = desk('one');
    const spoilt = {
      account: ACCOUNT,
      lease: '',
      base: '',
      text: '{"half":',
      duration: 60 * SECOND,
      message: '',
    };
    model.run.write(spoilt);
    expect(await one.store.read()).toBeUndefined();
    expect(await one.store.read()).toBeUndefined();
    expect(one.warnings).toEqual(['ignoring the record in Redis: not JSON']);
    await keep(one, recordOf(1, token('a')));
    expect(await one.store.read()).toEqual(recordOf(1, token('a')));
  });
});

describe('a record in Redis that a later version of this program wrote', () => {
  const later = JSON.stringify({ ...JSON.parse(encodeRecord(recordOf(7, token('a')))), version: 2, news: 1 });
  const put = (base: string) => ({
    ...{ account: ACCOUNT, lease: '', base, text: later, duration: 60 * SECOND, message: '' },
  });

  it('it is kept beside, whole, before it is replaced', async ({ onTestFinished }) => {
    const { desk, model } = redisRig(onTestFinished);
    const one = desk('one');
    model.run.write(put(''));
    expect(await one.store.read()).toBeUndefined();
    await keep(one, recordOf(1, token('b')));
    expect(one.asked).toContain('keep');
    expect([...model.snapshot().values()].map(({ text }) => text)).toContain(later);
    expect(one.warnings).toEqual([
      expect.stringMatching(/record version 2; this one reads up to 1\); it is kept beside/),
      'kept the record of version 2 as the record in Redis.version-2, since this program writes version 1',
    ]);
  });

  it('a daemon of the later version beside this one is named, and its records stay', async ({
    onTestFinished,
  }) => {
    const { desk, model } = redisRig(onTestFinished);
    const one = desk('one');
    await keep(one, recordOf(1, token('b')));
    model.run.write(put(model.run.read(ACCOUNT) ?? ''));
    await expect(keep(one, recordOf(9, token('b')))).rejects.toMatchObject({ code: 'later-version' });
    expect(model.run.read(ACCOUNT)).toBe(later);
  });
});

describe('a Redis that does not answer', () => {
  it('what was read last is read again, and the lock cannot be had', async ({ onTestFinished }) => {
    const { desk } = redisRig(onTestFinished);
    const [one, two] = [desk('one'), desk('two')];
    await keep(one, recordOf(5, token('a')));
    for (const each of [one, two]) each.meet(away);
    expect(await one.store.read()).toEqual(recordOf(5, token('a')));
    await expect(two.store.read()).rejects.toMatchObject({ code: 'redis-unreachable' });
    for (const purpose of ['fetch', 'keep'] as const)
      await expect(one.store.lock(purpose)).rejects.toMatchObject({ code: 'redis-unreachable' });
    const unlocked = { held: async () => true, release: async () => {} };
    await expect(one.store.write(recordOf(6), unlocked)).rejects.toMatchObject({ code: 'redis-unreachable' });
  });

  it('nobody waits for it any more once it is known, and it is asked every half second', async ({
    onTestFinished,
  }) => {
    const { desk, pass } = redisRig(onTestFinished);
    const one = desk('one');
    await keep(one, recordOf(5, token('a')));
    const { length } = one.asked;
    one.meet(away);
    await one.store.read();
    for (let reads = 0; reads < 5; reads += 1) await one.store.read();
    expect(one.asked.slice(length)).toEqual(['read']);
    await pass(1_600);
    expect(one.asked.slice(length)).toEqual(['read', 'probe', 'probe', 'probe']);
  });

  it('when it is back, that is told, what waits goes on, and after 3 s fetches begin', async ({
    onTestFinished,
  }) => {
    const { desk, pass } = redisRig(onTestFinished);
    const one = desk('one');
    await keep(one, recordOf(5, token('a')));
    one.meet(away);
    await one.store.read();
    one.told.length = 0;
    one.meet((_call, work) => work());
    await pass(500);
    expect(one.told.toSorted()).toEqual(['freed', ACCOUNT].toSorted());
    expect(one.events.map(({ type }) => type)).toEqual(['trouble', 'well']);
    // Whoever knows more writes it first.
    expect(await one.store.lock('fetch')).toBeUndefined();
    expect(await one.store.lock('keep')).toBeDefined();
    await pass(3 * SECOND);
    await one.locked();
  });

  it('a failure of one key does not stop the others', async ({ onTestFinished }) => {
    const { desk } = redisRig(onTestFinished);
    const one = desk('one');
    one.meet(() => {
      throw redisFault('redis-wrong-type', 'none');
    });
    await expect(one.store.read()).rejects.toMatchObject({ code: 'redis-wrong-type' });
    one.meet((_call, work) => work());
    expect(await one.store.read()).toBeUndefined();
    expect(one.told).toEqual([]);
  });

  it('what is read of one account says nothing of what goes wrong with another', async ({
    onTestFinished,
  }) => {
    const { desk } = redisRig(onTestFinished);
    const one = desk('one');
    const other = one.open('weixin/access-token/wx1111111111111111');
    one.meet(() => {
      throw redisFault('redis-wrong-type', 'none');
    });
    await expect(one.store.read()).rejects.toMatchObject({ code: 'redis-wrong-type' });
    one.meet((_call, work) => work());
    await other.read();
    expect(one.events.map(({ type }) => type)).toEqual(['trouble']);
    await one.store.read();
    expect(one.events.map(({ type }) => type)).toEqual(['trouble', 'well']);
  });

  it('nothing is asked any more when the daemon has ended', async ({ onTestFinished }) => {
    const { desk, pass } = redisRig(onTestFinished);
    const one = desk('one');
    one.meet(away);
    await expect(one.store.read()).rejects.toMatchObject({ code: 'redis-unreachable' });
    await one.close();
    const { length } = one.asked;
    await pass(60 * SECOND);
    expect(one.asked).toHaveLength(length);
  });
});

describe('a Redis that answers, and takes no writes', () => {
  const CODES = ['redis-full', 'redis-read-only', 'redis-misconf', 'redis-no-replicas'] as const;

  it.for(CODES)(
    'with %s it is read on, which says nothing of writes, and what waits goes on when it takes them again',
    async (code, { onTestFinished }) => {
      const { desk, pass } = redisRig(onTestFinished);
      const one = desk('one');
      await keep(one, recordOf(5, token('a')));
      const lease = await one.locked();
      one.told.length = 0;
      const { length } = one.asked;
      one.meet((call, work) => {
        if (call === 'write' || call === 'probe-write') throw redisFault(code, 'none');
        return work();
      });
      await expect(one.store.write(recordOf(6, token('b')), lease)).rejects.toMatchObject({ code });
      expect(await one.store.read()).toEqual(recordOf(5, token('a')));
      await pass(1_600);
      expect(one.asked.slice(length)).toEqual(['write', 'read', 'probe-write', 'probe-write', 'probe-write']);
      expect(one.events.map(({ type }) => type)).not.toContain('well');
      expect(one.told).toEqual([]);

      one.meet((_call, work) => work());
      await pass(500);
      expect(one.told.toSorted()).toEqual(['freed', ACCOUNT].toSorted());
      expect(one.events.at(-1)).toEqual({
        ...{ type: 'well', object: 'the Redis connection cache', takesWrites: true },
      });
      await pass(60 * SECOND);
      expect(one.asked.filter((call) => call === 'probe-write')).toHaveLength(4);
    },
  );

  it('one that is away meanwhile is asked whether it answers first, and all is well when both are over', async ({
    onTestFinished,
  }) => {
    const { desk, pass } = redisRig(onTestFinished);
    const one = desk('one');
    const lease = await one.locked();
    one.meet(() => {
      throw redisFault('redis-full', 'none');
    });
    await expect(one.store.write(recordOf(1), lease)).rejects.toMatchObject({ code: 'redis-full' });
    one.meet(away);
    await pass(1_100);
    one.meet((call, work) => {
      if (call === 'probe-write') throw redisFault('redis-full', 'none');
      return work();
    });
    await pass(1_100);
    expect(await one.store.read()).toBeUndefined();
    expect(one.events.map(({ type }) => type)).not.toContain('well');
    one.meet((_call, work) => work());
    await pass(600);
    expect(one.events.filter(({ type }) => type === 'well')).toHaveLength(1);
  });
});

describe('a daemon on Redis whose attempts fail', () => {
  const at = Date.UTC(2026, 0, 1);
  const told = {
    class: 'passing',
    code: 'unreachable',
    message: 'no answer',
    zh: { message: '无应答' },
  } as const;
  const lastFailure = { failure: told, at, until: at, failures: 1, since: at };

  it('another daemon gets the lock before it does', async ({ onTestFinished }) => {
    const { desk, pass } = redisRig(onTestFinished);
    const [one, two] = [desk('one'), desk('two')];
    await keep(two, recordOf(1, token('a')));
    const lease = await one.locked();
    await one.store.write({ ...recordOf(1, token('a')), generation: 2 }, lease);
    await one.store.write({ ...recordOf(1, token('a')), generation: 3, lastFailure }, lease);
    await lease.release();
    expect(await one.store.lock('fetch')).toBeUndefined();
    await (await two.locked()).release();
    await pass(8 * SECOND);
    await one.locked();
  });

  it('it goes on at once where it is alone', async ({ onTestFinished }) => {
    const one = redisRig(onTestFinished).desk('one');
    const lease = await one.locked();
    await one.store.write(recordOf(1), lease);
    await one.store.write({ ...recordOf(2), lastFailure }, lease);
    await lease.release();
    await one.locked();
  });
});

describe('what daemons on one Redis hear of each other', () => {
  it('a write is told to all but its writer', async ({ onTestFinished }) => {
    const { desk } = redisRig(onTestFinished);
    const [one, two] = [desk('one'), desk('two')];
    await keep(one, recordOf(5, token('a')));
    expect([one.told, two.told]).toEqual([[], [ACCOUNT]]);
  });

  it('what others tell of accounts that are not served, or say at random, is ignored', async ({
    onTestFinished,
  }) => {
    const { desk, model } = redisRig(onTestFinished);
    const one = desk('one');
    for (const listener of model.listeners) for (const text of ['', 'x', 'x y', `${ACCOUNT}`]) listener(text);
    expect(one.told).toEqual([]);
  });

  it('after the subscription was lost every record is read again, and fetches wait', async ({
    onTestFinished,
  }) => {
    const { desk, pass } = redisRig(onTestFinished);
    const one = desk('one');
    one.relisten();
    expect(one.told).toEqual([ACCOUNT]);
    expect(await one.store.lock('fetch')).toBeUndefined();
    await pass(3 * SECOND);
    await one.locked();
  });
});

describe('the turns of all daemons of one Redis', () => {
  const PARTY = 'weixin/component/wx0000000000000000';

  it('ten are had within a second, by whoever comes first', async ({ onTestFinished }) => {
    const { desk, pass } = redisRig(onTestFinished);
    const [one, two] = [desk('one'), desk('two')];
    const taken = [];
    for (let call = 0; call < 6; call += 1) taken.push(await one.takeTurn(PARTY), await two.takeTurn(PARTY));
    expect(taken).toEqual([...Array(10).fill(0), 100, 100]);
    await pass(SECOND);
    expect(await two.takeTurn(PARTY)).toBe(100);
    await pass(100);
    expect(await two.takeTurn(PARTY)).toBe(0);
  });

  it('a server that does not answer says so, and every daemon keeps the pace by itself', async ({
    onTestFinished,
  }) => {
    const one = redisRig(onTestFinished).desk('one');
    one.meet(away);
    await expect(one.takeTurn(PARTY)).rejects.toMatchObject({ code: 'redis-unreachable' });
  });
});
