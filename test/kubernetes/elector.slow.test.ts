import { describe, expect, it } from 'vitest';
import { holdingOf } from '../../src/coordination/lease/election.ts';
import { type Elector, startElector } from '../../src/coordination/lease/elector.ts';
import type { ClusterEvent } from '../../src/core/events/cluster.ts';
import { SECOND } from '../../src/core/time.ts';
import { collectionPath, objectPath } from '../../src/kubernetes/resources.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { WRITER } from '../support/kubernetes/role.ts';
import { eventually } from '../support/wait.ts';
import { openCluster } from './cluster.ts';

/** Short enough for a test, long enough for a busy machine. */
const TIMES = { duration: 12 * SECOND, renewDeadline: 10 * SECOND, retryPeriod: 500 };

interface Candidate extends Elector {
  readonly events: readonly ClusterEvent[];
  readonly name: string;
}

async function candidates(atEnd: Parameters<typeof openCluster>[0], count: number) {
  const cluster = await openCluster(atEnd);
  const kind = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };
  await cluster.admin.ask('POST', collectionPath(cluster.lease), {
    ...kind,
    metadata: { name: cluster.lease.name },
  });
  const somebody = await cluster.account(WRITER);
  const reader = cluster.admin.client();
  await eventually(() => somebody.client().get(cluster.lease));
  const all = Array.from({ length: count }, (_, index): Candidate => {
    const events: ClusterEvent[] = [];
    const name = `candidate-${index}`;
    const elector = startElector({
      ...{ client: somebody.client(), lease: cluster.lease, identity: name, times: TIMES },
      ...{ clock: systemClock, random: Math.random, elected: () => {} },
      report: (event) => events.push(event),
    });
    atEnd(() => elector.close());
    return { ...elector, events, name };
  });
  return {
    ...cluster,
    all,
    spec: async () => holdingOf(await reader.get(cluster.lease)),
    elected: (among = all) => eventually(() => among.find(({ leads }) => leads()), { for: 'a leader' }),
  };
}

describe.concurrent('electing one leader', () => {
  it('three candidates elect one leader, which keeps the Lease', async ({ onTestFinished }) => {
    const { all, elected, spec } = await candidates(onTestFinished, 3);
    const leader = await elected();
    const first = await spec();
    expect(first).toMatchObject({ holder: leader.name, duration: TIMES.duration });
    // For longer than it would have lasted by itself.
    await eventually(
      async () => ((await spec())?.renewed ?? 0) > (first?.renewed ?? 0) + TIMES.duration + SECOND,
    );
    expect(all.filter(({ leads }) => leads())).toEqual([leader]);
    const { acquired, transitions } = first ?? {};
    expect(await spec()).toMatchObject({ holder: leader.name, acquired, transitions });
    expect(leader.events).toEqual([{ type: 'leads', lease: expect.stringMatching(/\/wx-token-sidecar$/) }]);
  });

  it('a candidate takes over at once when the leader gives the Lease back', async ({ onTestFinished }) => {
    const { all, elected, spec } = await candidates(onTestFinished, 3);
    const first = await elected();
    await eventually(() => all.every((one) => one === first || !one.trouble()));
    await first.close();
    const next = await elected(all.filter((one) => one !== first));
    expect(first.events.at(-1)).toMatchObject({ type: 'follows', why: 'released' });
    expect(first.leads()).toBe(false);
    await eventually(async () => (await spec())?.holder === next.name);
    expect((await spec())?.transitions).toBeGreaterThan(0);
  });

  it('a candidate leaves a Lease alone that another holder keeps renewing with old times', async ({
    onTestFinished,
  }) => {
    const { all, elected, admin, lease } = await candidates(onTestFinished, 1);
    const [one] = all;
    await elected();
    const client = admin.client();
    const past = (second: number) => `2020-01-01T00:00:${String(second).padStart(2, '0')}.000000Z`;
    // For longer than the duration; those times are over by years.
    const pause = 300;
    for (let second = 0; second * pause < TIMES.duration + SECOND; second += 1) {
      const found = await client.get(lease);
      const spec = { ...found.spec, holderIdentity: 'client-go', renewTime: past(second) };
      await client.replace(lease, { ...found, spec }).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    expect(holdingOf(await client.get(lease))?.holder).toBe('client-go');
    expect(one?.leads()).toBe(false);
    expect(one?.events).toContainEqual({ type: 'follows', lease: expect.any(String), why: 'taken' });
  });

  it('the leader stops leading while the API server is down, and an election follows', async (context) => {
    const { all, elected, faulty } = await candidates(context.onTestFinished, 2);
    const server = faulty(context);
    const first = await elected();
    await server.down();
    await eventually(() => !first.leads());
    await eventually(() => first.events.some((event) => event.type === 'follows' && event.why === 'late'));
    await eventually(() => all.every((one) => one.trouble()?.code === 'kube-unreachable'));
    await server.up();
    await elected();
    expect(all.filter(({ leads }) => leads())).toHaveLength(1);
    const [event] = await eventually(() => {
      const found = all.flatMap(({ events }) => events.filter(({ type }) => type === 'well'));
      return found.length > 0 && found;
    });
    expect(event).toMatchObject({ object: expect.stringMatching(/^Lease /) });
  });

  it('the leader stops leading when the Lease is deleted, and a new Lease starts an election', async ({
    onTestFinished,
  }) => {
    const { all, elected, admin, lease } = await candidates(onTestFinished, 2);
    const first = await elected();
    await eventually(() => all.every((one) => one === first || one.holder() === first.name));
    await admin.ask('DELETE', objectPath(lease));
    await eventually(() => first.events.some((event) => event.type === 'follows' && event.why === 'gone'));
    expect(first.leads()).toBe(false);
    await eventually(() => all.every((one) => one.trouble()?.code === 'kube-missing' && !one.holder()));
    const kind = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };
    await admin.ask('POST', collectionPath(lease), { ...kind, metadata: { name: lease.name } });
    await elected();
  });

  it('a closing leader releases the Lease even when each call takes 700 ms', async (context) => {
    const { all, elected, faulty, spec } = await candidates(context.onTestFinished, 1);
    const server = faulty(context);
    const [one] = all;
    await elected();
    for (let call = 0; call < 20; call += 1) server.next({ kind: 'delay', ms: 700 });
    await one?.close(4_000);
    expect(one?.events.at(-1)).toMatchObject({ type: 'follows', why: 'released' });
    expect((await spec())?.holder).toBe('');
  });

  it('a closing leader reports a Lease that could not be released', async (context) => {
    const { all, elected, faulty } = await candidates(context.onTestFinished, 1);
    const server = faulty(context);
    const [one] = all;
    await elected();
    server.freeze();
    await eventually(() => server.waiting() > 0, { for: 'a renewal that is under way' });
    await one?.close(SECOND);
    expect(one?.events.filter(({ type }) => type === 'follows')).toEqual([
      expect.objectContaining({
        why: 'kept',
        failure: expect.objectContaining({ message: expect.any(String) }),
      }),
    ]);
    server.thaw();
  });

  it('a closing leader stops leading although the API server is frozen', async (context) => {
    const { elected, faulty } = await candidates(context.onTestFinished, 1);
    const server = faulty(context);
    const leader = await elected();
    // It stands still until the end: whoever waited for its answer would never be done.
    server.freeze();
    await leader.close();
    expect(leader.leads()).toBe(false);
    server.thaw();
  });
});
