import { describe, expect, it } from 'vitest';
import { createLatestVersion, type StoredSecret } from '../../../src/coordination/cluster/secret-cache.ts';

const secret = (resourceVersion: number): StoredSecret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'wx-token', namespace: 'shop', resourceVersion: String(resourceVersion), uid: 'u' },
});

function watched() {
  let changes = 0;
  const latest = createLatestVersion(() => {
    changes += 1;
  });
  const version = () => latest.now()?.metadata.resourceVersion;
  return { ...latest, version, changes: () => changes };
}

describe('the latest version of a Secret', () => {
  it('an older event is ignored and a newer one is taken over', () => {
    const { observed, version, changes } = watched();
    for (const [next, known] of [
      [9, '9'],
      [10, '10'],
      [9, '10'],
      [10, '10'],
      [11, '11'],
    ] as const) {
      observed(secret(next));
      expect(version()).toBe(known);
    }
    expect(changes()).toBe(3);
  });

  it('resource versions are compared as numbers', () => {
    const { observed, version } = watched();
    observed(secret(999));
    observed(secret(1000));
    expect(version()).toBe('1000');
  });

  it('a deleted Secret is forgotten unless a newer version is known', () => {
    const { observed, observedGone, version, changes } = watched();
    observed(secret(5));
    observedGone(secret(6));
    expect(version()).toBeUndefined();
    observed(secret(8));
    observedGone(secret(7));
    expect(version()).toBe('8');
    expect(changes()).toBe(3);
  });

  it('a read result counts even when it is older, as after a restored backup', () => {
    const { observed, beginRead, version } = watched();
    observed(secret(9));
    beginRead()(secret(3));
    expect(version()).toBe('3');
    beginRead()(undefined);
    expect(version()).toBeUndefined();
  });

  it('a read result that an event overtook counts only when it is newer', () => {
    const { observed, beginRead, version } = watched();
    const slow = beginRead();
    observed(secret(9));
    slow(secret(8));
    expect(version()).toBe('9');
    const gone = beginRead();
    observed(secret(10));
    gone(undefined);
    expect(version()).toBe('10');
    const newer = beginRead();
    observed(secret(11));
    newer(secret(12));
    expect(version()).toBe('12');
  });

  it('an unchanged Secret causes no notification', () => {
    const { observed, beginRead, changes } = watched();
    observed(secret(4));
    beginRead()(secret(4));
    observed(secret(4));
    expect(changes()).toBe(1);
    beginRead()(undefined);
    beginRead()(undefined);
    expect(changes()).toBe(2);
  });
});
