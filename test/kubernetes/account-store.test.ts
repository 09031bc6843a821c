import { describe, expect, it } from 'vitest';
import { storedOf } from '../../src/codec/record.ts';
import type { Lease } from '../../src/core/ports.ts';
import { sha256 } from '../e2e/workbench.ts';
import { token } from '../support/story.ts';
import { eventually } from '../support/wait.ts';
import type { Somebody } from './cluster.ts';
import { recordOf, type Sharer, sharers } from './sharers.ts';

async function locked({ store }: Sharer, purpose: 'fetch' | 'keep' = 'fetch'): Promise<Lease> {
  const lease = await store.lock(purpose);
  if (!lease) throw new Error('another one has the lock');
  return lease;
}

type Contents = Readonly<Record<string, string>>;

interface Body {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly data: Contents;
}

async function stored({ ask }: Pick<Somebody, 'ask'>, path: string): Promise<Body> {
  const { body } = await ask('GET', path);
  return { metadata: body['metadata'] as Body['metadata'], data: (body['data'] ?? {}) as Contents };
}

const plain = (base64 = '') => Buffer.from(base64, 'base64').toString('utf8');

describe('records in a Secret', () => {
  it('a record is read as written by every daemon that shares the Secret', async ({ onTestFinished }) => {
    const { join } = await sharers(onTestFinished);
    const [one, other] = [join(), join()];
    expect(await one.store.read()).toBeUndefined();
    expect(await other.store.read()).toBeUndefined();
    const record = { ...recordOf(2, token('a')), intent: { at: Date.UTC(2026, 0, 1), forced: true } };
    await one.store.write(record, await locked(one));
    expect(await one.store.read()).toEqual(record);
    expect(await eventually(() => other.store.read())).toEqual(record);
  });

  it('a record consists of the token, its details and an annotation without the token', async ({
    onTestFinished,
  }) => {
    const { join, admin, path } = await sharers(onTestFinished);
    const one = join();
    await one.store.write(recordOf(2, token('a')), await locked(one));
    const { data = {}, metadata } = await stored(admin, path);
    expect(plain(data['shop'])).toBe(token('a'));
    expect(JSON.parse(plain(data['shop.json']))).toEqual({
      ...{ name: 'shop', type: 'stable-token', kind: 'token', app_id: 'wx0000000000000000' },
      ...{ access_token: token('a'), expires_in: 7200, generation: 2, fingerprint: sha256(token('a')) },
      ...{ issued_at: 1_767_225_600, expires_at: 1_767_232_800, platform_date: 1_767_225_600 },
    });
    const { 'token.wx-token-sidecar/shop': annotation = '' } = metadata.annotations ?? {};
    expect(JSON.parse(annotation)).toMatchObject({ generation: 2, secrets: ['f'.repeat(32)] });
    expect(JSON.stringify(metadata)).not.toContain(token('a'));
  });

  it('a record without a token changes only its own annotation in the Secret', async ({ onTestFinished }) => {
    const { join, admin, path } = await sharers(onTestFinished);
    const theirs = { data: { theirs: 'eA==' }, metadata: { annotations: { 'example.com/theirs': 'x' } } };
    await admin.ask('PATCH', path, theirs);
    const one = join();
    const before = await stored(admin, path);
    await one.store.write(recordOf(1), await locked(one));
    const after = await stored(admin, path);
    expect(after.data).toEqual(before.data);
    expect(after.metadata.annotations).toMatchObject(theirs.metadata.annotations);
    expect(after.metadata.annotations).toHaveProperty(['token.wx-token-sidecar/shop']);
  });

  it('a record of another account or with an altered token is ignored with a warning', async ({
    onTestFinished,
  }) => {
    const { join, admin, path } = await sharers(onTestFinished);
    const one = join();
    await one.store.write(recordOf(2, token('a')), await locked(one));
    await admin.ask('PATCH', path, { data: { shop: Buffer.from(token('b')).toString('base64') } });
    await eventually(async () => (await one.store.read()) === undefined);
    const record = JSON.stringify({ ...storedOf(recordOf(2)), account: 'weixin/stable-token/other' });
    await admin.ask('PATCH', path, { metadata: { annotations: { 'token.wx-token-sidecar/shop': record } } });
    await eventually(async () => (await one.store.read()) ?? one.warnings.length === 2);
    expect(one.warnings).toEqual([
      expect.stringMatching(/^ignoring shop of the Secret .*: not a record of this program \(token\)$/),
      expect.stringMatching(/^account conflict: .*\/other under shop, .*this daemon leads and replaces it$/),
    ]);
    expect(one.warnings.join()).not.toContain(token('b'));
  });

  it('a record of another account or an unreadable one is replaced only by the leader', async ({
    onTestFinished,
  }) => {
    const { join, admin, path } = await sharers(onTestFinished);
    const one = join();
    await one.store.write(recordOf(2, token('a')), await locked(one));
    one.leads = false;
    const held = await locked(one, 'keep');
    for (const record of [
      JSON.stringify({ ...storedOf(recordOf(2)), account: 'weixin/stable-token/other' }),
      'nonsense',
    ]) {
      await admin.ask('PATCH', path, {
        metadata: { annotations: { 'token.wx-token-sidecar/shop': record } },
      });
      await eventually(async () => (await one.store.lock('keep')) === undefined);
      await expect(one.store.write(recordOf(3), held)).rejects.toMatchObject({ code: 'lock-lost' });
    }
    one.leads = true;
    await one.store.write(recordOf(3), await locked(one, 'keep'));
    expect(await one.store.read()).toEqual(recordOf(3));
  });
});

describe('damaged and renamed records', () => {
  it('a record with damaged details stays readable and counts as partial for the leader', async ({
    onTestFinished,
  }) => {
    const { join, admin, path } = await sharers(onTestFinished);
    const [one, other] = [join(), join()];
    other.leads = false;
    const record = recordOf(2, token('a'));
    await one.store.write(record, await locked(one));
    const { data = {} } = await stored(admin, path);
    expect(await one.store.read()).toEqual(record);
    expect(one.store.isPartial?.()).toBe(false);
    for (const damaged of [null, 'e30=', Buffer.from('{').toString('base64')]) {
      await admin.ask('PATCH', path, { data: { 'shop.json': damaged } });
      const isPartial = async ({ store }: Sharer) => [await store.read(), store.isPartial?.()];
      await eventually(async () => (await isPartial(one))[1]);
      expect(await isPartial(one)).toEqual([record, true]);
      await eventually(async () => (await isPartial(other))[0]);
      expect(await isPartial(other)).toEqual([record, false]);
      await one.store.write(record, await locked(one, 'keep'));
      expect(await isPartial(one)).toEqual([record, false]);
      expect((await admin.ask('GET', path)).body['data']).toEqual(data);
    }
  });

  it('a record is found under the former name of its credential', async ({ onTestFinished }) => {
    const { join } = await sharers(onTestFinished);
    const [before, after] = [join(), join({ name: 'boutique' })];
    await before.store.write(recordOf(2, token('a')), await locked(before));
    await eventually(async () => (await after.store.read())?.generation === 2);
    expect(after.store.isPartial?.()).toBe(true);
    await after.store.write(recordOf(4, token('b')), await locked(after));
    expect(await after.store.read()).toEqual(recordOf(4, token('b')));
    expect(after.store.isPartial?.()).toBe(false);
    await eventually(async () => (await before.store.read())?.generation === 4);
  });
});

describe('the lock of a record', () => {
  it('a follower gets no lock to fetch but may still write what it knows', async ({ onTestFinished }) => {
    const { join } = await sharers(onTestFinished);
    const one = join();
    one.leads = false;
    expect(await one.store.lock('fetch')).toBeUndefined();
    const lease = await locked(one, 'keep');
    expect(await lease.held()).toBe(false);
    await one.store.write(recordOf(1), lease);
    expect(await one.store.read()).toEqual(recordOf(1));
  });

  it('a late write fails with lock-lost instead of replacing a newer record', async ({ onTestFinished }) => {
    const { join } = await sharers(onTestFinished);
    const [frozen, next] = [join(), join()];
    const lease = await locked(frozen);
    await next.store.write(recordOf(2, token('b')), await locked(next));
    const late = frozen.store.write(recordOf(2, token('a')), lease);
    await expect(late).rejects.toMatchObject({ code: 'lock-lost' });
    expect(await eventually(() => next.store.read())).toEqual(recordOf(2, token('b')));
  });

  it('a lock holder can write repeatedly while others write their own records', async ({
    onTestFinished,
  }) => {
    const { join } = await sharers(onTestFinished);
    const all = ['shop', 'corp', 'bot', 'club'].map((name) => join({ name }));
    await Promise.all(
      all.map(async (one) => {
        const lease = await locked(one);
        for (let turn = 1; turn <= 5; turn += 1) await one.store.write(recordOf(turn, token('a')), lease);
      }),
    );
    for (const { store } of all) {
      await eventually(async () => (await store.read())?.generation === 5);
    }
  });

  it('a lock holder recognises its own write when the answer was lost', async (context) => {
    const { join, faulty } = await sharers(context.onTestFinished);
    const server = faulty(context);
    const one = join();
    for (const [turn, kind] of (['cut-answer', 'lose-answer'] as const).entries()) {
      const lease = await locked(one);
      server.next({ kind, method: 'PATCH' });
      await one.store.write(recordOf(turn + 1, token(kind)), lease);
      expect(await one.store.read()).toEqual(recordOf(turn + 1, token(kind)));
    }
  });

  it('a lock holder whose write was not made is told so after one try, and may try again', async (context) => {
    const { join, faulty } = await sharers(context.onTestFinished);
    const server = faulty(context);
    const one = join();
    for (const [turn, kind] of (['cut', 'give-up'] as const).entries()) {
      const lease = await locked(one);
      const record = recordOf(turn + 1, token(kind));
      server.next({ kind, method: 'PATCH' });
      await expect(one.store.write(record, lease)).rejects.toMatchObject({ failure: { effect: 'unknown' } });
      expect(await one.store.read()).not.toEqual(record);
      await one.store.write(record, lease);
      expect(await one.store.read()).toEqual(record);
    }
  });

  it('nobody gets the lock while the API server is down', async (context) => {
    const { join, faulty } = await sharers(context.onTestFinished);
    const server = faulty(context);
    const one = join();
    await one.store.read();
    await server.down();
    await expect(one.store.lock('fetch')).rejects.toMatchObject({ code: 'kube-unreachable' });
    await server.up();
    await eventually(async () => (await locked(one)) !== undefined);
  });
});

describe('requests to the leader', () => {
  it('requests of several daemons are merged into one annotation', async ({ onTestFinished }) => {
    const { join, admin, path } = await sharers(onTestFinished);
    const [one, other] = [join(), join()];
    const asked = { 'request.wx-token-sidecar/shop': expect.any(String) };
    const { token: refused } = recordOf(3, token('a'));
    if (!refused) throw new TypeError('no token');
    await Promise.all([
      one.store.handOver?.({ kind: 'refresh', strength: 'ordinary', generation: 3 }),
      other.store.handOver?.({ kind: 'refresh', strength: 'forced', generation: 3 }),
      one.store.handOver?.({ kind: 'doubt', token: refused, by: 'reader' }),
    ]);
    const { metadata } = await stored(admin, path);
    expect(metadata.annotations).toEqual(asked);
    const { 'request.wx-token-sidecar/shop': request = '' } = metadata.annotations ?? {};
    expect(JSON.parse(request)).toEqual({
      id: expect.any(String),
      refresh: { strength: 'forced', generation: 3 },
      refused: sha256(token('a')),
    });
  });
});
