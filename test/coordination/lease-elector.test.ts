import { describe, expect, it } from 'vitest';
import { startElector } from '../../src/coordination/lease-elector.ts';
import type { ClusterEvent } from '../../src/core/cluster-event.ts';
import { EdgeError, PASSING } from '../../src/core/failure.ts';
import type { KubernetesClient } from '../../src/kubernetes/client.ts';
import type { Stored } from '../../src/kubernetes/resources.ts';
import { systemClock } from '../../src/system/clock.ts';
import { eventually } from '../support/wait.ts';

const LEASE = { resource: 'leases', namespace: 'shop', name: 'wx-token' } as const;

/** As the client says it when it has been refused for longer than an API server takes to start. */
const FORBIDDEN = new EdgeError({
  ...{ class: 'refused', code: 'kube-forbidden', message: 'may not watch', effect: 'none', backoff: PASSING },
});

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
