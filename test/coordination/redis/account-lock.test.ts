import { describe, expect, it } from 'vitest';
import { token } from '../../support/story.ts';
import { recordOf as anyRecord } from '../cluster/fake-secret.ts';
import { ACCOUNT, redisFault, redisRig } from './rig.ts';

const SECOND = 1_000;
const recordOf = (generation: number, value?: string) => ({
  ...anyRecord(generation, value),
  account: ACCOUNT,
});

describe('the lock of an account in Redis', () => {
  it('a holder keeps it for as long as a fetch takes, and gives it back', async ({ onTestFinished }) => {
    const { desk, pass } = redisRig(onTestFinished);
    const [one, two] = [desk('one'), desk('two')];
    const lease = await one.locked();
    await pass(60 * SECOND);
    expect([await lease.held(), lease.isHeld?.()]).toEqual([true, true]);
    expect(await two.store.lock('fetch')).toBeUndefined();
    expect(two.holderOf(ACCOUNT)).toBe('host of one');
    await lease.release();
    await two.locked();
    expect(two.holderOf(ACCOUNT)).toBeUndefined();
    // What was given back is not renewed.
    const { length } = one.asked;
    await pass(60 * SECOND);
    expect(one.asked).toHaveLength(length);
  });

  it('who held the lock is forgotten when nobody has looked for its duration', async ({ onTestFinished }) => {
    const { desk, pass } = redisRig(onTestFinished);
    const [one, two] = [desk('one'), desk('two')];
    await one.locked();
    await two.store.lock('fetch');
    await pass(14 * SECOND);
    expect(two.holderOf(ACCOUNT)).toBe('host of one');
    await pass(SECOND);
    expect(two.holderOf(ACCOUNT)).toBeUndefined();
  });

  it('a process takes a lock once at a time', async ({ onTestFinished }) => {
    const { desk } = redisRig(onTestFinished);
    const one = desk('one');
    const first = one.store.lock('fetch');
    expect(await one.store.lock('fetch')).toBeUndefined();
    const lease = await first;
    expect(await one.store.lock('fetch')).toBeUndefined();
    await lease?.release();
    await lease?.release();
    await one.locked();
  });

  it('a holder that cannot renew it goes on for 10 s by its monotonic clock', async ({ onTestFinished }) => {
    const { desk, pass } = redisRig(onTestFinished);
    const one = desk('one');
    const lease = await one.locked();
    one.meet((call, work) => {
      if (call === 'renew') throw redisFault('redis-cut', 'unknown');
      return work();
    });
    await pass(9 * SECOND);
    expect(await lease.held()).toBe(true);
    await pass(SECOND);
    expect(await lease.held()).toBe(false);
  });

  it('a holder whose wall clock shows that it slept has lost it for good', async ({ onTestFinished }) => {
    const { desk, set } = redisRig(onTestFinished);
    const lease = await desk('one').locked();
    set(10 * SECOND);
    expect(await lease.held()).toBe(false);
    set(-10 * SECOND);
    expect(await lease.held()).toBe(false);
  });

  it('a holder that another one has followed learns it by its next renewal', async ({ onTestFinished }) => {
    const { desk, model, pass } = redisRig(onTestFinished);
    const [one, two] = [desk('one'), desk('two')];
    const lease = await one.locked();
    model.flush();
    const theirs = await two.locked();
    await pass(3 * SECOND);
    expect([await lease.held(), await theirs.held()]).toEqual([false, true]);
    await lease.release();
    expect(await desk('three').store.lock('fetch')).toBeUndefined();
  });

  it('a lock that a server has lost is made again by its holder', async ({ onTestFinished }) => {
    const { desk, model, pass } = redisRig(onTestFinished);
    const [one, two] = [desk('one'), desk('two')];
    const lease = await one.locked();
    model.flush();
    await pass(3 * SECOND);
    expect(await two.store.lock('fetch')).toBeUndefined();
    expect(await lease.held()).toBe(true);
  });

  it('the lock of a dead holder ends after 15 s', async ({ onTestFinished }) => {
    const { desk, pass } = redisRig(onTestFinished);
    const [dead, two] = [desk('dead'), desk('two')];
    await dead.locked();
    // It does nothing any more.
    dead.meet(() => new Promise(() => {}));
    await pass(14 * SECOND);
    expect(await two.store.lock('fetch')).toBeUndefined();
    await pass(SECOND);
    await two.locked();
  });

  it('a server whose clock was set back does not keep the lock of a dead holder', async ({
    onTestFinished,
  }) => {
    const { desk, pass, setServerClock } = redisRig(onTestFinished);
    const [dead, two] = [desk('dead'), desk('two')];
    await dead.locked();
    dead.meet(() => new Promise(() => {}));
    setServerClock(-3_600 * SECOND);
    expect(await two.store.lock('fetch')).toBeUndefined();
    await pass(14 * SECOND);
    expect(await two.store.lock('fetch')).toBeUndefined();
    await pass(SECOND);
    await two.locked();
  });

  it('a server whose clock was set back takes nothing from a holder that is alive', async ({
    onTestFinished,
  }) => {
    const { desk, pass, setServerClock } = redisRig(onTestFinished);
    const [one, two] = [desk('one'), desk('two')];
    const lease = await one.locked();
    setServerClock(-3_600 * SECOND);
    for (let tries = 0; tries < 20; tries += 1) {
      expect(await two.store.lock('fetch')).toBeUndefined();
      await pass(2 * SECOND);
    }
    expect(await lease.held()).toBe(true);
  });

  it('a lock of which no answer came is had at the next try', async ({ onTestFinished }) => {
    const { desk } = redisRig(onTestFinished);
    const one = desk('one');
    one.meet((_call, work) => {
      work();
      throw redisFault('redis-odd', 'unknown');
    });
    await expect(one.store.lock('fetch')).rejects.toMatchObject({ code: 'redis-odd' });
    one.meet((_call, work) => work());
    expect(await (await one.locked()).held()).toBe(true);
  });

  it('a lock that cannot be given back ends by itself', async ({ onTestFinished }) => {
    const { desk, pass } = redisRig(onTestFinished);
    const [one, two] = [desk('one'), desk('two')];
    const lease = await one.locked();
    one.meet((call, work) => {
      if (call === 'free') throw redisFault('redis-cut', 'unknown');
      return work();
    });
    await lease.release();
    expect(await two.store.lock('fetch')).toBeUndefined();
    await pass(15 * SECOND);
    await two.locked();
  });

  it('what is only written down needs no lock', async ({ onTestFinished }) => {
    const { desk } = redisRig(onTestFinished);
    const [one, two] = [desk('one'), desk('two')];
    await one.locked();
    const keeping = await two.store.lock('keep');
    expect([await keeping?.held(), keeping?.isHeld?.()]).toEqual([false, false]);
    if (keeping) await two.store.write(recordOf(3, token('a')), keeping);
    await keeping?.release();
    expect(await one.store.read()).toEqual(recordOf(3, token('a')));
  });
});
