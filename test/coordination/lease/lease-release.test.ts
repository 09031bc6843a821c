import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { holdingOf, specOf } from '../../../src/coordination/lease/election.ts';
import { type ReleaseOptions, releaseLease } from '../../../src/coordination/lease/lease-release.ts';
import { SECOND } from '../../../src/core/time.ts';
import type { KubernetesClient } from '../../../src/kubernetes/client.ts';
import { apiInMemory, failing, silence } from '../api-in-memory.ts';
import { steeredTime } from '../steered-time.ts';

const LEASE = { resource: 'leases', namespace: 'shop', name: 'wx-token' } as const;

type AtEnd = Parameters<typeof steeredTime>[0];

/** A Lease with a holder, and a daemon that releases it. */
function releasing(atEnd: AtEnd, holder = 'me') {
  const time = steeredTime(atEnd);
  const api = apiInMemory();
  const { wall } = time.clock.now();
  const at = wall - 5 * SECOND;
  const holding = { holder, duration: 15 * SECOND, transitions: 3, acquired: at, renewed: at };
  api.put('leases', { metadata: { labels: { app: 'wx' } }, spec: specOf(holding) });
  const start = (changes: Partial<ReleaseOptions> = {}) =>
    releaseLease({
      client: api.client as Pick<KubernetesClient, 'namespace'> as KubernetesClient,
      ...{ lease: LEASE, identity: 'me', clock: time.clock, patience: 4 * SECOND },
      ...{ ended: Promise.resolve(), isOurs: () => true },
      ...changes,
    });
  return { ...time, ...api, wall, start, holder: () => holdingOf(api.lease() ?? {})?.holder };
}

/** Whether it is over, without a wait for it. */
function watched<T>(promise: Promise<T>) {
  const seen: { over: boolean; result?: T } = { over: false };
  const noted = promise.then((result) => Object.assign(seen, { over: true, result }));
  return { seen, noted };
}

describe('releasing a Lease', () => {
  it('a Lease that is ours is given back with all else that it says', async ({ onTestFinished }) => {
    const { start, lease, wall } = releasing(onTestFinished);
    expect(await start()).toBeUndefined();
    expect(lease()?.metadata).toMatchObject({ labels: { app: 'wx' } });
    expect(holdingOf(lease() ?? {})).toEqual({
      ...{ holder: '', duration: SECOND, transitions: 3, acquired: wall, renewed: wall },
    });
  });

  it('a Lease that cannot be ours is left without a call', async ({ onTestFinished }) => {
    const { start, calls } = releasing(onTestFinished);
    expect(await start({ isOurs: () => false })).toBeUndefined();
    expect(calls).toEqual([]);
  });

  it('a Lease that turns out to be of another one is read and left alone', async ({ onTestFinished }) => {
    const { start, calls, holder } = releasing(onTestFinished, 'other');
    expect(await start()).toBeUndefined();
    expect(calls).toEqual(['get leases']);
    expect(holder()).toBe('other');
  });

  it('a Lease that nobody has ever held is left alone', async ({ onTestFinished }) => {
    const { start, calls, put } = releasing(onTestFinished);
    put('leases', {});
    expect(await start()).toBeUndefined();
    expect(calls).toEqual(['get leases']);
  });

  it('a Lease that changes while it is given back is read and given back once more', async ({
    onTestFinished,
  }) => {
    const { start, calls, meet, put, lease, holder } = releasing(onTestFinished);
    meet((call) => {
      if (call === 'replace leases' && calls.length === 2) put('leases', lease() ?? {});
    });
    expect(await start()).toBeUndefined();
    expect(calls).toEqual(['get leases', 'replace leases', 'get leases', 'replace leases']);
    expect(holder()).toBe('');
  });

  it('a Lease that cannot be written is told of with the failure, and tried once', async ({
    onTestFinished,
  }) => {
    const { start, count, meet, holder } = releasing(onTestFinished);
    meet((call) => {
      if (call === 'replace leases') throw failing({ code: 'kube-forbidden' });
    });
    expect(await start()).toMatchObject({ code: 'kube-forbidden' });
    expect(count('replace leases')).toBe(1);
    expect(holder()).toBe('me');
  });

  it('a Lease that conflicts again and again is given up after five tries', async ({ onTestFinished }) => {
    const { start, count, meet } = releasing(onTestFinished);
    meet((call) => {
      if (call === 'replace leases') throw failing({ code: 'kube-conflict' });
    });
    expect(await start()).toMatchObject({ code: 'kube-conflict' });
    expect(count('replace leases')).toBe(5);
  });

  it('an error of an unknown kind is told of as one that did nothing', async ({ onTestFinished }) => {
    const { start, meet } = releasing(onTestFinished);
    meet(() => {
      throw new Error('the cable is cut');
    });
    expect(await start()).toMatchObject({ message: 'the cable is cut', effect: 'none' });
  });

  it('a Lease is given back after a part of the patience though something of ours is still under way', async ({
    onTestFinished,
  }) => {
    const { start, holder } = releasing(onTestFinished);
    let isOver = false;
    const ended = delay(300, undefined, { ref: false }).then(() => {
      isOver = true;
    });
    // It may be ours by what is under way, though nobody knows yet.
    expect(await start({ patience: 100, ended, isOurs: () => false })).toBeUndefined();
    expect([holder(), isOver]).toEqual(['', false]);
  });
});

describe('patience while releasing', () => {
  async function silent({ start, pass, meet }: ReturnType<typeof releasing>, spent: number) {
    meet((_, signal) => silence(signal));
    const ended = pass(spent);
    const { seen, noted } = watched(start({ ended }));
    await ended;
    await pass(0);
    return { seen, noted };
  }

  it('a server that is silent is given up when the patience is used up', async ({ onTestFinished }) => {
    const one = releasing(onTestFinished);
    const { seen, noted } = await silent(one, 0);
    await one.pass(4 * SECOND - 1);
    expect(seen.over).toBe(false);
    await one.pass(1);
    await noted;
    expect(seen.result).toMatchObject({ message: 'too late', effect: 'none' });
  });

  it('a write that is not answered is given up as well', async ({ onTestFinished }) => {
    const { start, pass, meet } = releasing(onTestFinished);
    meet(async (call, signal) => {
      if (call === 'replace leases') await silence(signal);
    });
    const { seen, noted } = watched(start());
    await pass(4 * SECOND);
    await noted;
    expect(seen.result).toMatchObject({ message: 'too late' });
  });

  it('time that the end of the other work took is taken off the patience with the server', async ({
    onTestFinished,
  }) => {
    const one = releasing(onTestFinished);
    const { seen, noted } = await silent(one, 3 * SECOND);
    await one.pass(SECOND - 1);
    expect(seen.over).toBe(false);
    await one.pass(1);
    await noted;
    expect(seen.result).toMatchObject({ message: 'too late' });
  });
});
