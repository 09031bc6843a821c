import { describe, expect, it } from 'vitest';
import { collectionPath, objectPath } from '../../src/kubernetes/resources.ts';
import { WRITER } from '../support/kubernetes/role.ts';
import { eventually } from '../support/wait.ts';
import { openCluster } from './cluster.ts';

type AtEnd = Parameters<typeof openCluster>[0];

async function withObjects(atEnd: AtEnd) {
  const cluster = await openCluster(atEnd);
  const { admin, secret, lease } = cluster;
  await admin.ask('POST', collectionPath(secret), { metadata: { name: 'wx-token' } });
  await admin.ask('POST', collectionPath(secret), { metadata: { name: 'of-others' } });
  const kind = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };
  await admin.ask('POST', collectionPath(lease), { ...kind, metadata: { name: lease.name } });
  return cluster;
}

/** What a Role of the verbs on one Secret brings. */
async function statuses(atEnd: AtEnd, verbs: readonly string[]) {
  const { secret, account } = await withObjects(atEnd);
  const rules = [{ apiGroups: [''], resources: ['secrets'], resourceNames: ['wx-token'], verbs }];
  const { ask } = await account(rules);
  const [all, one] = [collectionPath(secret), objectPath(secret)];
  const named = (name: string) => `${all}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name=${name}`;
  const status = async (...request: Parameters<typeof ask>) => (await ask(...request)).status;
  await eventually(async () => (await status('GET', one)) === 200 || !verbs.includes('get'));
  return {
    get: await status('GET', one),
    watch: (await ask.watch(named('wx-token'), 1)).status,
    watchOther: (await ask.watch(named('of-others'), 1)).status,
    watchAll: (await ask.watch(`${all}?watch=1&timeoutSeconds=1`, 1)).status,
    list: await status('GET', `${all}?fieldSelector=metadata.name=wx-token`),
    listAll: await status('GET', all),
    patch: await status('PATCH', one, { data: { a: '' } }),
    put: await status('PUT', one, { metadata: { name: 'wx-token' } }),
    create: await status('POST', all, { metadata: { name: 'wx-token' } }),
  };
}

const NONE = {
  ...{ get: 403, watch: 403, watchOther: 403, watchAll: 403, list: 403, listAll: 403 },
  ...{ patch: 403, put: 403, create: 403 },
};

describe('Roles limited to one Secret', () => {
  it('a Role with get, patch and watch on one Secret allows only these verbs', async ({ onTestFinished }) => {
    expect(await statuses(onTestFinished, ['get', 'patch', 'watch'])).toEqual({
      ...NONE,
      ...{ get: 200, watch: 200, patch: 200 },
    });
  });

  it('a Role with get and watch on one Secret allows only reading', async ({ onTestFinished }) => {
    expect(await statuses(onTestFinished, ['get', 'watch'])).toEqual({ ...NONE, get: 200, watch: 200 });
  });

  it('a Role limited by name cannot allow the creation of a Secret', async ({ onTestFinished }) => {
    expect(await statuses(onTestFinished, ['create'])).toEqual(NONE);
  });
});

describe('refresher Role', () => {
  it('the Role of the refresher allows every request that its client makes', async ({ onTestFinished }) => {
    const { secret, lease, account } = await withObjects(onTestFinished);
    const client = (await account(WRITER)).client();
    // The rights of a new Role take a moment to be known.
    const { metadata } = await eventually(() => client.get(secret));
    await client.mergePatch(secret, metadata.resourceVersion, { data: { a: '' } }, { dryRun: true });
    await client.mergePatch(secret, metadata.resourceVersion, { data: { a: '' } });
    await client.replace(lease, await client.get(lease));
    for (const object of [secret, lease]) {
      const types: string[] = [];
      for await (const { type } of await client.watch(object, 1)) types.push(type);
      expect(types[0]).toBe('ADDED');
    }
  });
});

describe('unknown users', () => {
  it('a request with an unknown token is answered with HTTP 401', async ({ onTestFinished }) => {
    const { stranger, secret } = await withObjects(onTestFinished);
    const { ask } = await stranger('of-nobody');
    const { status, body } = await ask('GET', objectPath(secret));
    expect([status, body['reason'], body['message']]).toEqual([401, 'Unauthorized', 'Unauthorized']);
  });

  it('a request without a token is one of nobody, who may do nothing', async ({ onTestFinished }) => {
    const { stranger, secret } = await withObjects(onTestFinished);
    const { status, body } = await (await stranger()).ask('GET', objectPath(secret));
    expect([status, body['reason']]).toEqual([403, 'Forbidden']);
    expect(body['message']).toMatch(/User "system:anonymous" cannot get/);
  });

  it('a token of a deleted service account is answered with HTTP 401', async ({ onTestFinished }) => {
    const { admin, secret, account, namespace } = await withObjects(onTestFinished);
    const { ask } = await account(WRITER, 'leaver');
    await eventually(async () => (await ask('GET', objectPath(secret))).status === 200);
    await admin.ask('DELETE', `/api/v1/namespaces/${namespace}/serviceaccounts/leaver`);
    // A real one believes its cache for ten seconds.
    await eventually(async () => (await ask('GET', objectPath(secret))).status === 401);
  });
});
