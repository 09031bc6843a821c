import { describe, expect, it } from 'vitest';
import { collectionPath, objectPath } from '../../src/kubernetes/resources.ts';
import { openCluster } from './cluster.ts';

const SPEC = {
  holderIdentity: 'a',
  leaseDurationSeconds: 15,
  leaseTransitions: 0,
  acquireTime: '2026-01-01T00:00:00.000000Z',
  renewTime: '2026-01-01T00:00:00.000000Z',
};

async function withLease(atEnd: Parameters<typeof openCluster>[0]) {
  const cluster = await openCluster(atEnd);
  const { ask } = cluster.admin;
  const path = objectPath(cluster.lease);
  // As the manifest has it, so that applying it again takes nothing from the holder.
  const kind = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };
  await ask('POST', collectionPath(cluster.lease), { ...kind, metadata: { name: cluster.lease.name } });
  const put = async (spec: object, metadata: object = {}) => {
    const { body } = await ask('GET', path);
    const { resourceVersion } = body['metadata'] as { readonly resourceVersion: string };
    return ask('PUT', path, {
      ...kind,
      metadata: { name: cluster.lease.name, resourceVersion, ...metadata },
      spec,
    });
  };
  return { ...cluster, ask, path, put };
}

describe('Leases of the API server', () => {
  it('a Lease is taken by replacing it as a whole', async ({ onTestFinished }) => {
    const { put } = await withLease(onTestFinished);
    const { status, body } = await put(SPEC);
    expect([status, body['spec']]).toEqual([200, SPEC]);
  });

  it.for(['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.123Z', '2026-01-01T00:00:00.123456789Z'])(
    'a Lease refuses the renewTime %s, which does not have six decimals',
    async (renewTime, { onTestFinished }) => {
      const { put, ask, path } = await withLease(onTestFinished);
      expect((await put({ ...SPEC, renewTime })).status).toBe(400);
      expect((await ask('PATCH', path, { spec: { ...SPEC, renewTime } })).status).toBe(422);
    },
  );

  it('a Lease stores times in UTC', async ({ onTestFinished }) => {
    const { put } = await withLease(onTestFinished);
    const { body } = await put({ ...SPEC, renewTime: '2026-01-01T08:00:00.123456+08:00' });
    expect(body['spec']).toMatchObject({ renewTime: '2026-01-01T00:00:00.123456Z' });
  });

  it('a Lease accepts an empty holder but no zero duration and no invalid transitions', async ({
    onTestFinished,
  }) => {
    const { put } = await withLease(onTestFinished);
    expect((await put({ ...SPEC, holderIdentity: '', leaseDurationSeconds: 1 })).status).toBe(200);
    expect((await put({ ...SPEC, leaseDurationSeconds: 0 })).status).toBe(422);
    expect((await put({ ...SPEC, leaseTransitions: -1 })).status).toBe(422);
    expect((await put({ ...SPEC, leaseTransitions: 0.5 })).status).toBe(400);
  });

  it('a Lease is not replaced without a version or with an outdated one', async ({ onTestFinished }) => {
    const { put } = await withLease(onTestFinished);
    expect((await put(SPEC, { resourceVersion: undefined })).status).toBe(422);
    expect((await put(SPEC, { resourceVersion: '1' })).status).toBe(409);
  });

  it('a Lease goes to exactly one of ten concurrent takers', async ({ onTestFinished }) => {
    const { admin, lease } = await withLease(onTestFinished);
    const client = admin.client();
    const found = await client.get(lease);
    const takers = Array.from({ length: 10 }, (_, index) => ({
      ...found,
      spec: { ...SPEC, holderIdentity: `${index}` },
    }));
    const outcomes = await Promise.all(
      takers.map((taker) =>
        client.replace(lease, taker).then(
          () => 'taken',
          ({ code }) => code,
        ),
      ),
    );
    expect(outcomes.sort()).toEqual([...Array.from({ length: 9 }, () => 'kube-conflict'), 'taken']);
  });

  it('a Lease that was deleted in the meantime makes its replacement a conflict', async ({
    onTestFinished,
  }) => {
    const { admin, lease, ask, path } = await withLease(onTestFinished);
    const client = admin.client();
    const found = await client.get(lease);
    await ask('DELETE', path);
    await expect(client.replace(lease, { ...found, spec: SPEC })).rejects.toMatchObject({
      code: 'kube-conflict',
    });
  });
});
