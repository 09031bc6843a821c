import { describe, expect, it } from 'vitest';
import { keysOf } from '../../../src/codec/secret-layout.ts';
import type { StoredSecret } from '../../../src/coordination/cluster/secret-cache.ts';
import { checkCapacity } from '../../../src/coordination/cluster/secret-store.ts';

const KEYS = keysOf('shop', 'token');
const MOST = 1024 * 1024;
/** A token of the usual length with its details, and by how much the next one may be longer. */
const [USUAL, GROWTH] = [2048, 512];

function secretWith(
  sizes: Readonly<Record<string, number>>,
  changes: Partial<StoredSecret> = {},
): StoredSecret {
  const data = Object.entries(sizes).map(([key, size]) => [key, Buffer.alloc(size, 'x').toString('base64')]);
  return {
    ...{ apiVersion: 'v1', kind: 'Secret', data: Object.fromEntries(data) },
    metadata: { name: 'wx-token', namespace: 'shop', resourceVersion: '1', uid: 'u' },
    ...changes,
  };
}

const check = (secret: StoredSecret) => checkCapacity(secret, KEYS, 'Secret shop/wx-token');

describe('the room in a Secret', () => {
  it('a token of the usual length has to fit beside what others keep', () => {
    expect(() => check(secretWith({ other: MOST - USUAL }))).not.toThrow();
    expect(() => check(secretWith({ other: MOST - USUAL + 1 }))).toThrow(/would be larger than the 1 MiB/);
  });

  it('a token that replaces a long one may be longer than that', () => {
    const own = { shop: 3_000, 'shop.json': 5_000 };
    const rest = MOST - 8_000 - GROWTH;
    expect(() => check(secretWith({ ...own, other: rest }))).not.toThrow();
    expect(() => check(secretWith({ ...own, other: rest + 1 }))).toThrow(/would be larger/);
  });

  it('a token that replaces a short one needs the room of a usual one', () => {
    expect(() => check(secretWith({ shop: 100, other: MOST - USUAL }))).not.toThrow();
    expect(() => check(secretWith({ shop: 100, other: MOST - USUAL + 1 }))).toThrow(/would be larger/);
  });

  it('an immutable Secret has no room at all, and a person has to act', () => {
    expect(() => check(secretWith({}, { immutable: true }))).toThrow('the Secret shop/wx-token is immutable');
    try {
      check(secretWith({}, { immutable: true }));
    } catch (error) {
      expect(error).toMatchObject({
        code: 'kube-immutable',
        failure: { class: 'refused', effect: 'unsent' },
      });
    }
  });

  it('an empty Secret has room', () => {
    const { data: _none, ...empty } = secretWith({});
    expect(() => check(empty)).not.toThrow();
  });
});
