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

describe('a Lease', () => {
  it('is taken by replacing the whole of it', async ({ onTestFinished }) => {
    const { put } = await withLease(onTestFinished);
    const { status, body } = await put(SPEC);
    expect([status, body['spec']]).toEqual([200, SPEC]);
  });

  it.for(['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.123Z', '2026-01-01T00:00:00.123456789Z'])(
    'knows times of exactly six digits: not %s',
    async (renewTime, { onTestFinished }) => {
      const { put, ask, path } = await withLease(onTestFinished);
      expect((await put({ ...SPEC, renewTime })).status).toBe(400);
      expect((await ask('PATCH', path, { spec: { ...SPEC, renewTime } })).status).toBe(422);
    },
  );

  it('keeps times in UTC', async ({ onTestFinished }) => {
    const { put } = await withLease(onTestFinished);
    const { body } = await put({ ...SPEC, renewTime: '2026-01-01T08:00:00.123456+08:00' });
    expect(body['spec']).toMatchObject({ renewTime: '2026-01-01T00:00:00.123456Z' });
  });

  it('is released with nobody as its holder for a second; no time and no transitions are impossible', async ({
    onTestFinished,
  }) => {
    const { put } = await withLease(onTestFinished);
    expect((await put({ ...SPEC, holderIdentity: '', leaseDurationSeconds: 1 })).status).toBe(200);
    expect((await put({ ...SPEC, leaseDurationSeconds: 0 })).status).toBe(422);
    expect((await put({ ...SPEC, leaseTransitions: -1 })).status).toBe(422);
    expect((await put({ ...SPEC, leaseTransitions: 0.5 })).status).toBe(400);
  });

  it('is not replaced without a version, nor with one that is over', async ({ onTestFinished }) => {
    const { put } = await withLease(onTestFinished);
    expect((await put(SPEC, { resourceVersion: undefined })).status).toBe(422);
    expect((await put(SPEC, { resourceVersion: '1' })).status).toBe(409);
  });

  it('goes to one of ten that would take it', async ({ onTestFinished }) => {
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

  it('that was deleted meanwhile is a conflict, since its uid is known', async ({ onTestFinished }) => {
    const { admin, lease, ask, path } = await withLease(onTestFinished);
    const client = admin.client();
    const found = await client.get(lease);
    await ask('DELETE', path);
    await expect(client.replace(lease, { ...found, spec: SPEC })).rejects.toMatchObject({
      code: 'kube-conflict',
    });
  });
});
