import { describe, expect, it, onTestFinished } from 'vitest';
import { failureOf } from '../../../src/core/failure.ts';
import type { PushedTicket } from '../../../src/core/pushed-ticket.ts';
import { Secret } from '../../../src/core/secret.ts';
import { recordOf } from '../cluster/fake-secret.ts';
import { ACCOUNT, redisFault, redisRig } from './rig.ts';

const AT = Date.UTC(2026, 0, 1);

const ticket = (mark: string, createdAt = AT): PushedTicket => ({
  value: new Secret(`ticket@@@${mark.repeat(86)}`),
  createdAt,
  receivedAt: createdAt + 1,
});

/** Two daemons of one third party. */
function rig() {
  const { model, desk } = redisRig(onTestFinished);
  const [one, two] = [desk('one'), desk('two')];
  return { model, one, two, here: one.openTickets(ACCOUNT), there: two.openTickets(ACCOUNT) };
}

describe('the pushed ticket on a server of Redis', () => {
  it('what the server has lost, whoever knows it writes again', async () => {
    const { model, here, there } = rig();
    await here.put(ticket('a'));
    const before = model.snapshot();
    await here.put(ticket('b', AT + 1));
    expect((await there.read())?.createdAt).toBe(AT + 1);
    // A failover to a replica that lags, and one to an empty server.
    for (const lose of [() => model.restore(before), model.flush]) {
      lose();
      expect((await there.read())?.createdAt).toBe(AT + 1);
      expect(model.run.readPushed(ACCOUNT, 'pushed')).toContain('b'.repeat(86));
    }
  });

  it('two daemons that know different tickets of one moment do not write over each other', async () => {
    const { model, here, there } = rig();
    await here.put(ticket('a'));
    await there.put(ticket('b'));
    const [first, second] = [await here.read(), await there.read()];
    expect(model.run.readPushed(ACCOUNT, 'pushed')).toContain('b'.repeat(86));
    expect(first?.value.reveal()).toBe(second?.value.reveal());
  });

  it('of two that are pushed at one moment to two daemons the newer one stays', async () => {
    const { one, here, there } = rig();
    let isFirst = true;
    one.meet(async (call, work) => {
      if (call === 'write' && isFirst) {
        isFirst = false;
        await there.put(ticket('b', AT + 1));
      }
      return work();
    });
    expect(await here.put(ticket('a'))).toBe('older');
    expect((await here.read())?.createdAt).toBe(AT + 1);
  });

  it('a ticket whose write got no answer is kept, and told once', async () => {
    const { one, two, here, there } = rig();
    let isFirst = true;
    one.meet(async (call, work) => {
      const answer = await work();
      if (call !== 'write' || !isFirst) return answer;
      isFirst = false;
      throw redisFault('redis-odd', 'unknown');
    });
    expect(await here.put(ticket('a'))).toBe('kept');
    expect(two.told).toEqual([ACCOUNT]);
    expect((await there.read())?.createdAt).toBe(AT);
  });

  it('a server that was away from the start is a failure with the reason', async () => {
    const { one, here } = rig();
    one.meet(() => Promise.reject(redisFault('redis-unreachable')));
    await expect(here.read()).rejects.toMatchObject({ failure: { code: 'redis-unreachable' } });
  });

  it('a ticket that was read stays in use while the server is away, and no other is taken', async () => {
    const { one, here, there } = rig();
    await there.put(ticket('a'));
    await here.read();
    one.meet(() => Promise.reject(redisFault('redis-unreachable')));
    expect((await here.read())?.createdAt).toBe(AT);
    await expect(here.put(ticket('b', AT + 1))).rejects.toMatchObject({
      failure: { code: 'redis-unreachable' },
    });
    expect((await here.read())?.createdAt).toBe(AT);
  });

  it('a push that another daemon received says nothing about whether that one can fetch', async () => {
    const { one, two, there } = rig();
    await there.put(ticket('a'));
    expect(one.told).toEqual([ACCOUNT]);
    expect(two.told).toEqual([]);
    // So the one whose attempt has failed does not leave the lock to it.
    const lease = await one.locked();
    const begun = { ...recordOf(1), account: ACCOUNT };
    await one.store.write({ ...begun, intent: { at: AT, forced: false } }, lease);
    const failure = { ...failureOf(redisFault('timeout'), 'none'), class: 'passing' as const };
    const lastFailure = { failure, fingerprint: 'f', at: AT, until: AT + 1000, failures: 1, since: AT };
    await one.store.write({ ...begun, lastFailure }, lease);
    await lease.release();
    expect(await one.store.lock('fetch')).toBeDefined();
  });

  it.each([
    ['half of it', (text: string) => text.slice(0, 40)],
    ['a changed ticket', (text: string) => text.replace('ticket@@@aa', 'ticket@@@ab')],
    ['the ticket of another account', (text: string) => text.replace(ACCOUNT, `${ACCOUNT}1`)],
  ])('%s counts as none, is told once, and gives way to the next ticket', async (_, damage) => {
    const { model, two, here, there } = rig();
    await here.put(ticket('a'));
    const text = model.run.readPushed(ACCOUNT, 'pushed') ?? '';
    model.run.keepPushed('pushed', {
      account: ACCOUNT,
      base: text,
      text: damage(text),
      duration: 1000,
      message: '',
    });
    expect(await there.read()).toBeUndefined();
    expect(await there.read()).toBeUndefined();
    expect(two.warnings).toHaveLength(1);
    expect(two.warnings[0]).not.toContain('ticket@@@');
    expect(await there.put(ticket('c', AT - 1000))).toBe('kept');
    expect((await there.read())?.createdAt).toBe(AT - 1000);
  });
});
