import { describe, expect, it } from 'vitest';
import { encodePart, keysOf } from '../../../src/codec/secret-layout.ts';
import { secretStore } from '../../../src/coordination/cluster/secret-store.ts';
import type { Lease, Purpose } from '../../../src/core/ports.ts';
import type { AccountRecord } from '../../../src/core/record.ts';
import { token } from '../../support/story.ts';
import {
  ACCOUNT,
  type Content,
  fakeCache,
  fakeElection,
  fault,
  OBJECT,
  recordOf,
  SUBJECT,
  turns,
} from './fake-secret.ts';

const KEYS = keysOf('shop', 'token');
const OTHER = 'weixin/stable-token/wx1111111111111111';
const LOST = {
  code: 'lock-lost',
  message: 'the Secret shop/wx-token was written by another daemon meanwhile',
  failure: { class: 'passing', effect: 'none' },
};

/** What a Secret holds of a record. */
function contentOf(record: AccountRecord): Content {
  const part = encodePart(record, SUBJECT);
  const { value, entry } = part;
  return {
    ...(value !== undefined && entry !== undefined && { data: { [KEYS.value]: value, [KEYS.entry]: entry } }),
    annotations: { [KEYS.record]: part.record ?? '' },
  };
}

function storing(content?: Content) {
  const fake = fakeCache(content);
  const votes = fakeElection();
  const warnings: string[] = [];
  const kubernetes = turns();
  const store = secretStore({
    ...{ account: ACCOUNT, subject: SUBJECT, cache: fake.cache, kubernetes, election: votes.election },
    warn: (message) => void warnings.push(message),
  });
  async function locked(purpose: Purpose = 'fetch'): Promise<Lease> {
    const lease = await store.lock(purpose);
    if (!lease) throw new Error('another one has the lock');
    return lease;
  }
  return { ...{ fake, votes, warnings, store, locked }, taken: kubernetes.taken };
}

const conflict = () => {
  throw fault('kube-conflict');
};

describe('writing the record of an account into a Secret', () => {
  it('a record is written in its turn and read again', async () => {
    const { store, locked, taken, fake } = storing({});
    const lease = await locked();
    await store.write(recordOf(2, token('a')), lease);
    expect(await store.read()).toEqual(recordOf(2, token('a')));
    expect(taken).toEqual([OBJECT]);
    expect(fake.asked).toEqual(['refresh', 'patch', 'ready']);
    expect(store.isPartial?.()).toBe(false);
    expect(store.syncedAt?.()).toBe(77);
  });

  it('a holder of the lock writes again and again, also what leaves the token as it is', async () => {
    const { store, locked } = storing({});
    const lease = await locked();
    await store.write(recordOf(1, token('a')), lease);
    await store.write({ ...recordOf(1, token('a')), generation: 2 }, lease);
    await store.write(recordOf(3), lease);
    await store.write(recordOf(4, token('b')), lease);
    expect(await store.read()).toEqual(recordOf(4, token('b')));
  });

  it('what another daemon has written since the lock was taken is not replaced', async () => {
    const { store, locked, fake } = storing(contentOf(recordOf(2, token('a'))));
    const lease = await locked();
    fake.write(contentOf(recordOf(3, token('b'))));
    fake.hear();
    await expect(store.write(recordOf(3, token('c')), lease)).rejects.toMatchObject(LOST);
    expect(await store.read()).toEqual(recordOf(3, token('b')));
  });

  it('what another daemon has written unheard is met as a conflict and not replaced', async () => {
    const { store, locked, fake } = storing(contentOf(recordOf(2, token('a'))));
    const lease = await locked();
    fake.write(contentOf(recordOf(3, token('b'))));
    await expect(store.write(recordOf(3, token('c')), lease)).rejects.toMatchObject(LOST);
    expect(fake.asked).toEqual(['refresh', 'patch', 'reread']);
  });

  it("a record that already is as it should be is another daemon's unless it was tried to write it", async () => {
    const { store, locked, fake } = storing({});
    const lease = await locked();
    fake.write(contentOf(recordOf(1, token('a'))));
    fake.hear();
    await expect(store.write(recordOf(1, token('a')), lease)).rejects.toMatchObject(LOST);
  });

  it('what others write under other keys does not stand in the way', async () => {
    const { store, locked, fake } = storing({});
    const lease = await locked();
    fake.write({ data: { corp: 'eA==' } });
    await store.write(recordOf(1, token('a')), lease);
    expect(fake.asked).toEqual(['refresh', 'patch', 'reread', 'patch']);
    expect(fake.read().data).toMatchObject({ corp: 'eA==', shop: expect.any(String) });
  });

  it('a write of which no answer came is recognised as our own', async () => {
    const { store, locked, fake } = storing({});
    const lease = await locked();
    fake.fates.push((make) => {
      make();
      throw fault('kube-cut', { effect: 'unknown' });
    });
    await store.write(recordOf(1, token('a')), lease);
    expect(fake.asked).toEqual(['refresh', 'patch', 'reread']);
    await store.write(recordOf(2), lease);
    expect(await store.read()).toMatchObject({ generation: 2 });
  });

  it('a write of which no answer came and that was not made is told after one look and not made again', async () => {
    const { store, locked, fake } = storing({});
    const lease = await locked();
    fake.fates.push(() => {
      throw fault('kube-cut', { effect: 'unknown' });
    });
    await expect(store.write(recordOf(1, token('a')), lease)).rejects.toMatchObject({
      code: 'kube-cut',
      failure: { effect: 'unknown' },
    });
    expect(fake.asked).toEqual(['refresh', 'patch', 'reread']);
    await store.write(recordOf(1, token('a')), lease);
    expect(await store.read()).toEqual(recordOf(1, token('a')));
  });

  it('a write of which no answer came is told of even when the look fails as well', async () => {
    const { store, locked, fake } = storing({});
    const lease = await locked();
    fake.fates.push(() => {
      fake.remove();
      throw fault('kube-cut', { effect: 'unknown' });
    });
    await expect(store.write(recordOf(1), lease)).rejects.toMatchObject({ code: 'kube-cut' });
    expect(fake.asked).toEqual(['refresh', 'patch', 'reread']);
  });

  it('a refusal of the server is told at once', async () => {
    const { store, locked, fake } = storing({});
    const lease = await locked();
    fake.fates.push(() => {
      throw fault('kube-forbidden');
    });
    await expect(store.write(recordOf(1), lease)).rejects.toMatchObject({ code: 'kube-forbidden' });
    expect(fake.asked).toEqual(['refresh', 'patch']);
    fake.fates.push(() => {
      throw new Error('odd');
    });
    await expect(store.write(recordOf(1), lease)).rejects.toThrow('odd');
  });

  it('twenty conflicts in a row lose the lock', async () => {
    const { store, locked, fake } = storing({});
    const lease = await locked();
    fake.fates.push(...Array.from({ length: 20 }, () => conflict));
    await expect(store.write(recordOf(1), lease)).rejects.toMatchObject(LOST);
    expect(fake.asked.filter((what) => what === 'patch')).toHaveLength(20);
    expect(fake.fates).toHaveLength(0);
  });

  it('a Secret that is not known at the moment is read before it is written', async () => {
    const { store, locked, fake } = storing({});
    const lease = await locked();
    fake.forget();
    await store.write(recordOf(1), lease);
    expect(fake.asked).toEqual(['refresh', 'reread', 'patch']);
  });

  it('nothing is written by a lock that was never given, and why is said', async () => {
    const { store, fake } = storing();
    const invented = { held: async () => true, release: async () => {} };
    await expect(store.write(recordOf(1), invented)).rejects.toMatchObject(LOST);
    await expect(store.lock('fetch')).rejects.toMatchObject({ code: 'kube-missing' });
    await expect(store.write(recordOf(1), invented)).rejects.toMatchObject({ code: 'kube-missing' });
    expect(fake.asked).toEqual(['refresh']);
  });

  it('a record of another account is replaced by who leads and by nobody else', async () => {
    const theirs = { ...recordOf(2), account: OTHER };
    const { store, locked, votes, fake, warnings } = storing(contentOf(theirs));
    const lease = await locked();
    votes.leads = false;
    await expect(store.write(recordOf(1), lease)).rejects.toMatchObject(LOST);
    votes.leads = true;
    await store.write(recordOf(1), lease);
    expect(await store.read()).toEqual(recordOf(1));
    expect(fake.asked.filter((what) => what === 'patch')).toHaveLength(1);
    expect(warnings).toEqual([]);
  });
});

describe('a record in a Secret that a later version of this program wrote', () => {
  function downgraded(changes: (content: Content) => Content = (same) => same) {
    const content = contentOf(recordOf(7, token('a')));
    const record = JSON.stringify({
      ...JSON.parse(content.annotations?.[KEYS.record] ?? ''),
      version: 2,
      news: 1,
    });
    return { record, ...storing(changes({ ...content, annotations: { [KEYS.record]: record } })) };
  }
  const kept = `version-2.${KEYS.record}`;

  it('its token is taken from the details beside it, and its record is kept before it is replaced', async () => {
    const { store, locked, fake, warnings, record } = downgraded();
    const found = await store.read();
    expect(found).toMatchObject({ account: ACCOUNT, generation: 7, ledger: { fetches: [] } });
    expect(found?.token?.value.reveal()).toBe(token('a'));
    expect(warnings).toEqual([
      expect.stringMatching(/record version 2; this one reads up to 1\); the token is taken/),
    ]);
    const lease = await locked();
    await store.write(recordOf(8, token('a')), lease);
    await store.write(recordOf(9, token('b')), lease);
    const annotations = fake.cache.now()?.metadata.annotations ?? {};
    expect(annotations[kept]).toBe(record);
    expect(await store.read()).toEqual(recordOf(9, token('b')));
    expect(warnings.filter((line) => line.startsWith('kept'))).toHaveLength(1);
  });

  it('a follower leaves it alone and goes on with the token', async () => {
    const { store, votes } = downgraded();
    votes.leads = false;
    expect((await store.read())?.token?.value.reveal()).toBe(token('a'));
    expect(await store.lock('keep')).toBeUndefined();
  });

  it('details of another account, and a value that is not that of the details, are no token', async () => {
    const strange = Buffer.from(token('z')).toString('base64');
    const other = downgraded((content) => ({ ...content, data: { ...content.data, [KEYS.value]: strange } }));
    expect(await other.store.read()).toBeUndefined();
    for (const changes of [{ appId: 'wx1111111111111111' }, { account: OTHER }]) {
      const theirs = encodePart(recordOf(7, token('a')), { ...SUBJECT, ...changes });
      const foreign = downgraded((content) => ({
        ...content,
        data: { [KEYS.value]: theirs.value ?? '', [KEYS.entry]: theirs.entry ?? '' },
      }));
      expect(await foreign.store.read()).toBeUndefined();
    }
  });

  it('where a Secret has no room to keep it, that is told and the record is written', async () => {
    const { store, locked, fake, warnings } = downgraded((content) => ({
      ...content,
      annotations: { ...content.annotations, 'example.com/large': 'x'.repeat(224 * 1024) },
    }));
    await store.write(recordOf(8, token('a')), await locked());
    expect(fake.cache.now()?.metadata.annotations).not.toHaveProperty([kept]);
    expect(warnings).toContainEqual(expect.stringMatching(/it has no room to keep version 2$/));
  });

  it('under the former name of a renamed credential its token is found as well', async () => {
    const former = keysOf('former', 'token');
    const { store } = downgraded(({ data = {}, annotations = {} }) => ({
      data: { [former.value]: data[KEYS.value] ?? '', [former.entry]: data[KEYS.entry] ?? '' },
      annotations: { [former.record]: annotations[KEYS.record] ?? '' },
    }));
    expect((await store.read())?.token?.value.reveal()).toBe(token('a'));
    expect(store.isPartial?.()).toBe(true);
  });
});

describe('the lock of a record in a Secret', () => {
  it('who leads has the lock to fetch for as long as it leads', async () => {
    const { locked, votes } = storing({});
    const lease = await locked();
    expect([lease.isHeld?.(), await lease.held()]).toEqual([true, true]);
    votes.leads = false;
    expect([lease.isHeld?.(), await lease.held()]).toEqual([false, false]);
  });

  it('a lock to fetch enters the election until it is released', async () => {
    const { locked, votes } = storing({});
    const lease = await locked();
    expect([votes.entered, votes.left]).toEqual([1, 0]);
    await lease.release();
    expect([votes.entered, votes.left]).toEqual([1, 1]);
  });

  it('a lock to keep is for everybody and enters no election', async () => {
    const { locked, votes } = storing({});
    votes.leads = false;
    const lease = await locked('keep');
    expect(await lease.held()).toBe(false);
    await lease.release();
    expect([votes.entered, votes.left]).toEqual([0, 0]);
  });

  it('a follower gets no lock to fetch, and nothing is asked for', async () => {
    const { store, votes, fake } = storing({});
    votes.leads = false;
    expect(await store.lock('fetch')).toBeUndefined();
    expect(fake.asked).toEqual([]);
  });

  it('a follower is told what is wrong with the election, or else with the Secret', async () => {
    const { store, votes, fake } = storing({});
    votes.leads = false;
    fake.trouble = fault('kube-timeout').failure;
    await expect(store.lock('fetch')).rejects.toMatchObject({ code: 'kube-timeout', name: 'EdgeError' });
    votes.trouble = fault('kube-forbidden').failure;
    await expect(store.lock('fetch')).rejects.toMatchObject({ code: 'kube-forbidden' });
  });

  it('who leads and may not enter at the moment waits without a complaint', async () => {
    const { fake, votes } = storing({});
    fake.trouble = fault('kube-timeout').failure;
    const store = secretStore({
      ...{ account: ACCOUNT, subject: SUBJECT, cache: fake.cache, kubernetes: turns(), warn: () => {} },
      election: { ...votes.election, enter: () => undefined },
    });
    expect(await store.lock('fetch')).toBeUndefined();
  });

  it('a record that others write for another account is not locked by a follower', async () => {
    const { store, votes, fake } = storing(contentOf({ ...recordOf(2), account: OTHER }));
    votes.leads = false;
    expect(await store.lock('keep')).toBeUndefined();
    expect(fake.asked).toEqual([]);
    votes.leads = true;
    expect(await store.lock('keep')).toBeDefined();
  });

  it('a record that turns out to be of another account is not locked by a follower', async () => {
    const { store, votes, fake } = storing({});
    fake.write(contentOf({ ...recordOf(2), account: OTHER }));
    votes.leads = false;
    expect(await store.lock('keep')).toBeUndefined();
    fake.forget();
    expect(await store.lock('keep')).toBeUndefined();
    expect(fake.asked).toEqual(['refresh', 'refresh']);
  });

  it('a lock is taken of what the server has now', async () => {
    const { store, locked, fake } = storing(contentOf(recordOf(2, token('a'))));
    fake.write(contentOf(recordOf(3, token('b'))));
    await store.write(recordOf(4, token('c')), await locked());
    expect(await store.read()).toMatchObject({ generation: 4 });
  });

  it('a lock that the server does not allow leaves the election again', async () => {
    const { store, votes } = storing();
    await expect(store.lock('fetch')).rejects.toMatchObject({ code: 'kube-missing' });
    expect([votes.entered, votes.left]).toEqual([1, 1]);
    await expect(store.lock('keep')).rejects.toMatchObject({ code: 'kube-missing' });
    expect([votes.entered, votes.left]).toEqual([1, 1]);
  });

  it('a full Secret can be kept up to date, but nothing is fetched for it', async () => {
    const full = { data: { other: Buffer.alloc(1024 * 1024).toString('base64') } };
    const { store, locked, votes } = storing(full);
    await expect(store.lock('fetch')).rejects.toThrow(/^the Secret shop\/wx-token would be larger/);
    expect([votes.entered, votes.left]).toEqual([1, 1]);
    expect(await locked('keep')).toBeDefined();
  });
});

describe('handing a request over by a Secret', () => {
  it('a request is left under the key of the credential, in its turn', async () => {
    const { store, fake, taken } = storing({});
    await store.handOver?.({ kind: 'refresh', strength: 'forced', generation: 3 });
    const { refresh } = JSON.parse(fake.annotation(KEYS.request) ?? '{}');
    expect(refresh).toEqual({ strength: 'forced', generation: 3 });
    expect(taken).toEqual([OBJECT]);
  });

  it('a Secret that has not been seen yet takes a request', async () => {
    const { store, fake } = storing({});
    fake.forget();
    await store.handOver?.({ kind: 'refresh', strength: 'ordinary', generation: 3 });
    expect(fake.annotation(KEYS.request)).toBeDefined();
  });

  it('a daemon that takes the credential for another account is not asked', async () => {
    const { store, fake, votes } = storing(contentOf({ ...recordOf(2), account: OTHER }));
    votes.leads = false;
    const request = { kind: 'refresh', strength: 'ordinary', generation: 3 } as const;
    await expect(store.handOver?.(request)).rejects.toMatchObject({
      code: 'kube-contested',
      message:
        'account conflict: the leader has another account under this name, so the request is not forwarded',
      failure: { class: 'passing', effect: 'none' },
    });
    expect(fake.annotation(KEYS.request)).toBeUndefined();
    votes.leads = true;
    await store.handOver?.(request);
    expect(fake.annotation(KEYS.request)).toBeDefined();
  });
});
