import { describe, expect, it } from 'vitest';
import { objectPath } from '../../src/kubernetes/resources.ts';
import { openCluster } from './cluster.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const A = { data: { a: base64('first') } };
const B = { data: { a: base64('second') } };

type AtEnd = Parameters<typeof openCluster>[0];

/** A cluster with the Secret, and requests on it as they are. */
async function withSecret(atEnd: AtEnd, secret: object = A) {
  const cluster = await openCluster(atEnd);
  const path = objectPath(cluster.secret);
  const { ask } = cluster.admin;
  const { body } = await ask('POST', path.replace(/\/[^/]+$/, ''), {
    metadata: { name: 'wx-token' },
    ...secret,
  });
  const patch = (change: object | string, headers = {}) => ask('PATCH', path, change, headers);
  const at = (version: unknown, change: object = B) =>
    patch({ ...change, metadata: { resourceVersion: version } });
  return {
    ...cluster,
    path,
    ask,
    patch,
    at,
    first: versionOf(body),
    now: () => ask('GET', path).then(({ body: is }) => is),
  };
}

function versionOf(body: Readonly<Record<string, unknown>>): string {
  return (body['metadata'] as { readonly resourceVersion: string }).resourceVersion;
}

describe('merge patches of a Secret', () => {
  it('a patch with the current version is applied and changes the version', async ({ onTestFinished }) => {
    const { at, first } = await withSecret(onTestFinished);
    const { status, body } = await at(first);
    expect([status, body['data']]).toEqual([200, B.data]);
    expect(versionOf(body)).not.toBe(first);
  });

  it('a patch with an old or future version is a conflict even without a change', async ({
    onTestFinished,
  }) => {
    const { at, first } = await withSecret(onTestFinished);
    await at(first);
    for (const [version, change] of [
      [first, A],
      [first, B],
      [`${first}000`, B],
    ] as const) {
      const { status, body } = await at(version, change);
      expect([status, body['reason']]).toEqual([409, 'Conflict']);
      expect(body).not.toHaveProperty('data');
    }
  });

  it('a patch with an empty, "0" or null version is applied unconditionally', async ({ onTestFinished }) => {
    const { at, first } = await withSecret(onTestFinished);
    await at(first);
    for (const version of ['', '0', null]) expect((await at(version, A)).status).toBe(200);
  });

  it('a patch gets HTTP 500 for a non-numeric version and 422 for a non-string one', async ({
    onTestFinished,
  }) => {
    const { at } = await withSecret(onTestFinished);
    const [odd, numeric] = [await at('abc'), await at(5)];
    expect([odd.status, odd.body['reason']]).toEqual([500, undefined]);
    expect([numeric.status, numeric.body['reason']]).toEqual([422, 'Invalid']);
  });

  it('a patch that changes nothing keeps the version', async ({ onTestFinished }) => {
    const { at, first } = await withSecret(onTestFinished);
    expect(versionOf((await at(first, A)).body)).toBe(first);
  });

  it('a patch leaves other keys, removes a null key, and removes all with data: null', async ({
    onTestFinished,
  }) => {
    const { patch, now } = await withSecret(onTestFinished);
    await patch({ data: { b: base64('other') } });
    expect((await now())['data']).toEqual({ ...A.data, b: base64('other') });
    await patch({ data: { a: null } });
    expect((await now())['data']).toEqual({ b: base64('other') });
    await patch({ data: null });
    expect((await now())['data']).toBeUndefined();
  });

  it('a patch adds data to a Secret that has none', async ({ onTestFinished }) => {
    const { at, first } = await withSecret(onTestFinished, {});
    expect((await at(first)).body['data']).toEqual(B.data);
  });

  it('a patch of a Secret that was deleted and created again is a conflict', async ({ onTestFinished }) => {
    const { at, ask, path, first } = await withSecret(onTestFinished);
    await ask('DELETE', path);
    await ask('POST', path.replace(/\/[^/]+$/, ''), { metadata: { name: 'wx-token' }, ...A });
    expect((await at(first)).status).toBe(409);
  });

  it('a patch of a missing Secret or namespace gets HTTP 404', async ({ onTestFinished }) => {
    const { ask, path, namespace } = await withSecret(onTestFinished);
    for (const nowhere of [`${path}-of-nobody`, path.replace(namespace, `${namespace}-of-nobody`)]) {
      const { status, body } = await ask('PATCH', nowhere, B);
      expect([status, body['reason']]).toEqual([404, 'NotFound']);
    }
  });

  it('a patch with the content type application/json gets HTTP 415', async ({ onTestFinished }) => {
    const { patch } = await withSecret(onTestFinished);
    expect((await patch(B, { 'content-type': 'application/json' })).status).toBe(415);
  });

  it('a patch with dryRun is accepted but not applied', async ({ onTestFinished }) => {
    const { ask, path, now } = await withSecret(onTestFinished);
    expect((await ask('PATCH', `${path}?dryRun=All`, B)).status).toBe(200);
    expect(await now()).toMatchObject(A);
  });

  it('a patch that does not decode gets HTTP 422 with a message', async ({ onTestFinished }) => {
    const { patch } = await withSecret(onTestFinished);
    const { status, body } = await patch({ data: { a: 'no base64!' } });
    expect(status).toBe(422);
    expect(typeof body['message']).toBe('string');
  });

  it('a patch of an immutable Secret may change metadata but not data or immutability', async ({
    onTestFinished,
  }) => {
    const { at, patch, first } = await withSecret(onTestFinished, { ...A, immutable: true });
    const { status, body } = await at(first);
    expect(status).toBe(422);
    expect(body['details']).toMatchObject({ causes: [{ reason: 'FieldValueForbidden', field: 'data' }] });
    expect((await patch({ ...A, metadata: { annotations: { a: 'b' } } })).status).toBe(200);
    expect((await at(first)).status).toBe(409);
    expect((await patch({ immutable: null })).status).toBe(422);
  });

  it('a patch of more than 1 MiB gets HTTP 422, of more than 3 MiB HTTP 413', async ({ onTestFinished }) => {
    const { patch } = await withSecret(onTestFinished);
    const { status, body } = await patch({ data: { big: 'A'.repeat(4 * 350_000) } });
    expect(status).toBe(422);
    expect(body['details']).toMatchObject({ causes: [{ reason: 'FieldValueTooLong', field: 'data' }] });
    expect((await patch({ data: { big: 'A'.repeat(4 * 800_000) } })).status).toBe(413);
  });
});

describe('PUT of a Secret', () => {
  it('a PUT replaces all keys, needs no version and conflicts with an outdated one', async ({
    onTestFinished,
  }) => {
    const { ask, path, first, now } = await withSecret(onTestFinished);
    const put = (metadata: object) =>
      ask('PUT', path, { metadata: { name: 'wx-token', ...metadata }, data: { b: '' } });
    expect((await put({})).status).toBe(200);
    expect((await now())['data']).toEqual({ b: '' });
    expect((await put({ resourceVersion: first })).status).toBe(409);
  });
});

describe('concurrent writers of one Secret', () => {
  it('eight writers with a key each lose nothing by compare-and-set', async ({ onTestFinished }) => {
    const { admin, secret, now } = await withSecret(onTestFinished, {});
    const client = admin.client();
    async function write(key: string): Promise<number> {
      for (let tries = 1; ; tries += 1) {
        const { metadata } = await client.get(secret);
        const change = { data: { [key]: base64(key) } };
        const made = await client.mergePatch(secret, metadata.resourceVersion, change).then(
          () => true,
          ({ code }) => code !== 'kube-conflict',
        );
        if (made) return tries;
      }
    }
    const keys = Array.from({ length: 8 }, (_, index) => `k${index}`);
    await Promise.all(keys.map(write));
    expect((await now())['data']).toEqual(Object.fromEntries(keys.map((key) => [key, base64(key)])));
  });
});
