import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/codec/encoding.ts';
import { keysOf } from '../../../src/codec/secret-layout.ts';
import { leaveRequest, takeRequest } from '../../../src/coordination/cluster/secret-requests.ts';
import type { PeerRequest } from '../../../src/core/ports.ts';
import type { Doubter } from '../../../src/core/state/doubts.ts';
import { token } from '../../support/story.ts';
import { fakeCache, fault, OBJECT, recordOf, turns } from './fake-secret.ts';

const KEY = keysOf('shop', 'token').request;
const ID = '12345678-1234-4234-8234-123456789012';
const HASH = 'a'.repeat(64);

const refresh = (strength: 'ordinary' | 'preferred' | 'forced', generation: number): PeerRequest => ({
  ...{ kind: 'refresh', strength, generation },
});

function refusal(mark: string, by: Doubter = 'reader'): PeerRequest {
  const { token: refused } = recordOf(3, token(mark));
  if (!refused) throw new TypeError('no token');
  return { kind: 'doubt', token: refused, by };
}

/** A mailbox that holds a request, or what somebody took for one. */
function mailboxWith(request?: object | string) {
  const text = typeof request === 'object' ? JSON.stringify(request) : request;
  const fake = fakeCache(text === undefined ? {} : { annotations: { [KEY]: text } });
  const kubernetes = turns();
  return {
    ...fake,
    taken: kubernetes.taken,
    mailbox: { cache: fake.cache, kubernetes, annotation: KEY },
    text: () => fake.annotation(KEY),
    request: () => JSON.parse(fake.annotation(KEY) ?? 'null') as { readonly id: string } | null,
  };
}

describe('requests that are left in a Secret', () => {
  it('a wanted refresh is left as a request with an id of its own', async () => {
    const [one, other] = [mailboxWith(), mailboxWith()];
    await leaveRequest(refresh('preferred', 3), one.mailbox);
    await leaveRequest(refresh('preferred', 3), other.mailbox);
    const expected = {
      id: expect.stringMatching(/^.{36}$/),
      refresh: { strength: 'preferred', generation: 3 },
    };
    expect([one.request(), other.request()]).toEqual([expected, expected]);
    expect(one.request()?.id).not.toBe(other.request()?.id);
    expect(one.taken).toEqual([OBJECT]);
  });

  it('a refused token is left as what it hashes to', async () => {
    const { mailbox, request } = mailboxWith();
    await leaveRequest(refusal('a'), mailbox);
    expect(request()).toEqual({ id: expect.any(String), refused: sha256(token('a')) });
  });

  it('a request that lies there already is not asked for twice', async () => {
    const there = { id: ID, refresh: { strength: 'forced', generation: 3 }, refused: sha256(token('a')) };
    const { mailbox, request, asked } = mailboxWith(there);
    await leaveRequest(refresh('preferred', 3), mailbox);
    await leaveRequest(refresh('forced', 2), mailbox);
    await leaveRequest(refusal('a'), mailbox);
    expect(request()).toEqual(there);
    expect(asked).toEqual([]);
  });

  it('a refused token that lies there alone is not left twice, and a refresh beside it is', async () => {
    const { mailbox, request, asked } = mailboxWith({ id: ID, refused: sha256(token('a')) });
    await leaveRequest(refusal('a'), mailbox);
    expect([request()?.id, asked]).toEqual([ID, []]);
    await leaveRequest(refresh('ordinary', 3), mailbox);
    expect(request()).toMatchObject({ refresh: { generation: 3 }, refused: sha256(token('a')) });
  });

  it.for([
    ['strength', refresh('forced', 3), { strength: 'forced', generation: 3 }],
    ['generation', refresh('ordinary', 4), { strength: 'preferred', generation: 4 }],
  ] as const)('a request of a higher %s replaces what lies there', async ([, asked, expected]) => {
    const there = { id: ID, refresh: { strength: 'preferred', generation: 3 }, refused: HASH };
    const { mailbox, request } = mailboxWith(there);
    await leaveRequest(asked, mailbox);
    expect(request()).toEqual({ id: expect.any(String), refresh: expected, refused: HASH });
    expect(request()?.id).not.toBe(ID);
  });

  it('a refused token is added to the refresh that is asked for', async () => {
    const there = { id: ID, refresh: { strength: 'preferred', generation: 3 } };
    const { mailbox, request } = mailboxWith(there);
    await leaveRequest(refusal('b'), mailbox);
    expect(request()).toEqual({ ...there, id: expect.any(String), refused: sha256(token('b')) });
  });

  it('an ordinary refresh is added to a refused token', async () => {
    const { mailbox, request } = mailboxWith({ id: ID, refused: HASH });
    await leaveRequest(refresh('ordinary', 0), mailbox);
    expect(request()).toMatchObject({ refresh: { strength: 'ordinary', generation: 0 }, refused: HASH });
  });

  it('a request that nobody can read is replaced', async () => {
    for (const text of ['{', '{}']) {
      const { mailbox, request } = mailboxWith(text);
      await leaveRequest(refresh('ordinary', 3), mailbox);
      expect(request()).toMatchObject({ refresh: { strength: 'ordinary', generation: 3 } });
    }
  });

  it('a Secret that has not been seen yet is read first', async () => {
    const { mailbox, forget, asked, request } = mailboxWith();
    forget();
    await leaveRequest(refresh('ordinary', 3), mailbox);
    expect(asked).toEqual(['refresh', 'patch']);
    expect(request()).not.toBeNull();
  });

  it('what another daemon leaves at the same time is kept', async () => {
    const { mailbox, write, asked, request } = mailboxWith();
    write({ annotations: { [KEY]: JSON.stringify({ id: ID, refused: HASH }) } });
    await leaveRequest(refresh('forced', 3), mailbox);
    expect(request()).toMatchObject({ refresh: { strength: 'forced' }, refused: HASH });
    expect(asked).toEqual(['patch', 'reread', 'patch']);
  });

  it('a request of which no answer came is found in the Secret and not left again', async () => {
    const { mailbox, fates, asked, request } = mailboxWith();
    fates.push((make) => {
      make();
      throw fault('kube-cut', { effect: 'unknown' });
    });
    await leaveRequest(refresh('forced', 3), mailbox);
    expect(asked).toEqual(['patch', 'reread']);
    expect(request()).toMatchObject({ refresh: { strength: 'forced' } });
  });

  it('a request that was not left is told after one look and not tried again', async () => {
    const { mailbox, fates, asked, text } = mailboxWith();
    fates.push(() => {
      throw fault('kube-http-500', { effect: 'unknown' });
    });
    await expect(leaveRequest(refresh('forced', 3), mailbox)).rejects.toMatchObject({
      code: 'kube-http-500',
    });
    expect([asked, text()]).toEqual([['patch', 'reread'], undefined]);
  });

  it('a refusal of the server is told at once', async () => {
    const { mailbox, fates, asked, text } = mailboxWith();
    fates.push(() => {
      throw fault('kube-forbidden');
    });
    await expect(leaveRequest(refresh('forced', 3), mailbox)).rejects.toMatchObject({
      code: 'kube-forbidden',
    });
    expect([asked, text()]).toEqual([['patch'], undefined]);
  });

  it('twenty conflicts in a row are the end of it', async () => {
    const { mailbox, fates, asked, text } = mailboxWith();
    const conflict = () => {
      throw fault('kube-conflict');
    };
    fates.push(...Array.from({ length: 20 }, () => conflict));
    await expect(leaveRequest(refresh('forced', 3), mailbox)).rejects.toMatchObject({
      code: 'kube-conflict',
    });
    expect(asked.filter((what) => what === 'patch')).toHaveLength(20);
    expect(text()).toBeUndefined();
    fates.push(...Array.from({ length: 19 }, () => conflict));
    await leaveRequest(refresh('forced', 3), mailbox);
    expect(text()).toBeDefined();
  });
});

describe('requests that are taken out of a Secret', () => {
  it('an empty mailbox yields nothing and is not written', async () => {
    const { mailbox, asked } = mailboxWith();
    expect(await takeRequest(mailbox)).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it('a request is taken away once it is read', async () => {
    const there = { id: ID, refresh: { strength: 'forced', generation: 3 }, refused: HASH };
    const { mailbox, text } = mailboxWith(there);
    expect(await takeRequest(mailbox)).toEqual(there);
    expect(text()).toBeUndefined();
    expect(await takeRequest(mailbox)).toBeUndefined();
  });

  it.for([
    '{',
    '[]',
    '{}',
    `{"id":"${'i'.repeat(65)}"}`,
    '{"id":"1","refresh":{"strength":"brutal","generation":1}}',
    '{"id":"1","refresh":{"strength":"forced"}}',
    '{"id":"1","refused":"abc"}',
    `{"id":"1","refused":"${HASH}a"}`,
    `{"id":"1","refused":"x${HASH}"}`,
    `{"id":"1","refused":"${'g'.repeat(64)}"}`,
  ])('a request that cannot be read is taken away and ignored: %s', async (request) => {
    const { mailbox, text } = mailboxWith(request);
    expect(await takeRequest(mailbox)).toBeUndefined();
    expect(text()).toBeUndefined();
  });

  it('each strength of a request and the longest id are read', async () => {
    for (const strength of ['ordinary', 'preferred', 'forced']) {
      const there = { id: 'i'.repeat(64), refresh: { strength, generation: 1 } };
      expect(await takeRequest(mailboxWith(there).mailbox)).toEqual(there);
    }
  });

  it('a request that grows while it is taken is taken as it is then', async () => {
    const { mailbox, write, text } = mailboxWith({ id: '1', refused: HASH });
    const grown = { id: '2', refresh: { strength: 'forced', generation: 3 }, refused: HASH };
    write({ annotations: { [KEY]: JSON.stringify(grown) } });
    expect(await takeRequest(mailbox)).toEqual(grown);
    expect(text()).toBeUndefined();
  });
});
