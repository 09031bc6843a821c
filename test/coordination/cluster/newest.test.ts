import { describe, expect, it } from 'vitest';
import { createNewest, type StoredSecret } from '../../../src/coordination/cluster/secret-cache.ts';

const secret = (resourceVersion: number): StoredSecret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'wx-token', namespace: 'shop', resourceVersion: String(resourceVersion), uid: 'u' },
});

function watched() {
  let changes = 0;
  const newest = createNewest(() => {
    changes += 1;
  });
  const version = () => newest.now()?.metadata.resourceVersion;
  return { ...newest, version, changes: () => changes };
}

describe('the newest version of a Secret', () => {
  it('an older event is ignored and a newer one is taken over', () => {
    const { heard, version, changes } = watched();
    for (const [next, known] of [
      [9, '9'],
      [10, '10'],
      [9, '10'],
      [10, '10'],
      [11, '11'],
    ] as const) {
      heard(secret(next));
      expect(version()).toBe(known);
    }
    expect(changes()).toBe(3);
  });

  it('resource versions are compared as numbers', () => {
    const { heard, version } = watched();
    heard(secret(999));
    heard(secret(1000));
    expect(version()).toBe('1000');
  });

  it('a deleted Secret is forgotten unless a newer version is known', () => {
    const { heard, heardGone, version, changes } = watched();
    heard(secret(5));
    heardGone(secret(6));
    expect(version()).toBeUndefined();
    heard(secret(8));
    heardGone(secret(7));
    expect(version()).toBe('8');
    expect(changes()).toBe(3);
  });

  it('a read result counts even when it is older, as after a restored backup', () => {
    const { heard, reading, version } = watched();
    heard(secret(9));
    reading()(secret(3));
    expect(version()).toBe('3');
    reading()(undefined);
    expect(version()).toBeUndefined();
  });

  it('a read result that an event overtook counts only when it is newer', () => {
    const { heard, reading, version } = watched();
    const slow = reading();
    heard(secret(9));
    slow(secret(8));
    expect(version()).toBe('9');
    const gone = reading();
    heard(secret(10));
    gone(undefined);
    expect(version()).toBe('10');
    const newer = reading();
    heard(secret(11));
    newer(secret(12));
    expect(version()).toBe('12');
  });

  it('an unchanged Secret causes no notification', () => {
    const { heard, reading, changes } = watched();
    heard(secret(4));
    reading()(secret(4));
    heard(secret(4));
    expect(changes()).toBe(1);
    reading()(undefined);
    reading()(undefined);
    expect(changes()).toBe(2);
  });
});
