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

describe('a merge patch of a Secret', () => {
  it('with the current version is made, and moves the version on', async ({ onTestFinished }) => {
    const { at, first } = await withSecret(onTestFinished);
    const { status, body } = await at(first);
    expect([status, body['data']]).toEqual([200, B.data]);
    expect(versionOf(body)).not.toBe(first);
  });

  it('with an old version, or one of the future, is a conflict, also where nothing would change', async ({
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

  it('with a version that is empty, "0" or null is made whatever there is', async ({ onTestFinished }) => {
    const { at, first } = await withSecret(onTestFinished);
    await at(first);
    for (const version of ['', '0', null]) expect((await at(version, A)).status).toBe(200);
  });

  it('with a version that is no number is an error, with one that is no text invalid', async ({
    onTestFinished,
  }) => {
    const { at } = await withSecret(onTestFinished);
    const [odd, numeric] = [await at('abc'), await at(5)];
    expect([odd.status, odd.body['reason']]).toEqual([500, undefined]);
    expect([numeric.status, numeric.body['reason']]).toEqual([422, 'Invalid']);
  });

  it('that changes nothing keeps the version', async ({ onTestFinished }) => {
    const { at, first } = await withSecret(onTestFinished);
    expect(versionOf((await at(first, A)).body)).toBe(first);
  });

  it('leaves the keys of others, removes a key that is null, and with data: null those of everybody', async ({
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

  it('makes the data of a Secret that has none', async ({ onTestFinished }) => {
    const { at, first } = await withSecret(onTestFinished, {});
    expect((await at(first)).body['data']).toEqual(B.data);
  });

  it('of a Secret that was deleted and made anew is a conflict', async ({ onTestFinished }) => {
    const { at, ask, path, first } = await withSecret(onTestFinished);
    await ask('DELETE', path);
    await ask('POST', path.replace(/\/[^/]+$/, ''), { metadata: { name: 'wx-token' }, ...A });
    expect((await at(first)).status).toBe(409);
  });

  it('of none is not found, also where the namespace is none', async ({ onTestFinished }) => {
    const { ask, path, namespace } = await withSecret(onTestFinished);
    for (const nowhere of [`${path}-of-nobody`, path.replace(namespace, `${namespace}-of-nobody`)]) {
      const { status, body } = await ask('PATCH', nowhere, B);
      expect([status, body['reason']]).toEqual([404, 'NotFound']);
    }
  });

  it('in another form is not taken', async ({ onTestFinished }) => {
    const { patch } = await withSecret(onTestFinished);
    expect((await patch(B, { 'content-type': 'application/json' })).status).toBe(415);
  });

  it('with dryRun is judged and not made', async ({ onTestFinished }) => {
    const { ask, path, now } = await withSecret(onTestFinished);
    expect((await ask('PATCH', `${path}?dryRun=All`, B)).status).toBe(200);
    expect(await now()).toMatchObject(A);
  });

  it('that does not decode is answered with the whole Secret: that message is never to be repeated', async ({
    onTestFinished,
  }) => {
    const { patch } = await withSecret(onTestFinished);
    const { status, body } = await patch({ data: { a: 'no base64!' } });
    expect(status).toBe(422);
    expect(typeof body['message']).toBe('string');
  });

  it('of an immutable one is invalid where it changes data, a conflict where it is late, else made', async ({
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

  it('of more than a mebibyte is invalid, a body of more than three is not read', async ({
    onTestFinished,
  }) => {
    const { patch } = await withSecret(onTestFinished);
    const { status, body } = await patch({ data: { big: 'A'.repeat(4 * 350_000) } });
    expect(status).toBe(422);
    expect(body['details']).toMatchObject({ causes: [{ reason: 'FieldValueTooLong', field: 'data' }] });
    expect((await patch({ data: { big: 'A'.repeat(4 * 800_000) } })).status).toBe(413);
  });
});

describe('a PUT of a Secret', () => {
  it('replaces all keys, is a conflict where it is late, and needs no version', async ({
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

describe('eight writers of one Secret, each of its own key', () => {
  it('lose nothing by compare-and-set', async ({ onTestFinished }) => {
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
