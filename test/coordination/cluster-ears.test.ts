import { describe, expect, it } from 'vitest';
import { createEars } from '../../src/coordination/cluster-ears.ts';
import type { StoredSecret } from '../../src/coordination/newest.ts';
import type { SecretCache } from '../../src/coordination/secret-cache.ts';
import { keysOf } from '../../src/coordination/secret-layout.ts';
import { tell } from '../support/story.ts';
import { viewOf } from '../support/view.ts';

const ACCOUNT = 'weixin/stable-token/wx0000000000000000';
const SHOP = keysOf('shop', 'token').record;

const recordOf = (account: string, generation: number) => JSON.stringify({ version: 1, account, generation });

type Annotations = Readonly<Record<string, string>>;

/** Hears for `shop` alone; how often its account was told of is counted. */
function listening(before: Annotations) {
  const told: string[] = [];
  let annotations = before;
  const unasked = () => Promise.reject(new TypeError('nothing is asked of the server'));
  const secret = (): StoredSecret => ({
    metadata: { name: 'wx-token', namespace: 'shop', resourceVersion: '1', annotations },
  });
  const cache: SecretCache = {
    object: { resource: 'secrets', namespace: 'shop', name: 'wx-token' },
    now: secret,
    ...{ ready: async () => {}, refresh: unasked, reread: unasked, patch: unasked, close: async () => {} },
    ...{ failure: () => undefined, trouble: () => undefined, syncedAt: () => undefined },
  };
  const ears = createEars({
    ...{ cache, kubernetes: { inTurn: unasked }, leads: () => false, asked: () => {} },
    changed: (account) => void told.push(account),
  });
  ears.serve([viewOf(tell('stable-token')).unit]);
  return {
    told,
    /** Others write into the Secret. */
    write(changes: Annotations) {
      annotations = { ...annotations, ...changes };
      ears.noticed();
    },
  };
}

describe('changes of a Secret', () => {
  it('a record that somebody writes is told of, under its own name or another one', () => {
    const { told, write } = listening({ [SHOP]: recordOf(ACCOUNT, 1) });
    expect(told).toEqual([ACCOUNT]);
    write({ [SHOP]: recordOf(ACCOUNT, 2) });
    expect(told).toHaveLength(2);
    write({ [keysOf('old-shop', 'token').record]: recordOf(ACCOUNT, 3) });
    expect(told).toHaveLength(3);
  });

  it('a copy that an administrator keeps stirs nobody, nor does what its name seems to mean', () => {
    const { told, write } = listening({ [SHOP]: recordOf(ACCOUNT, 1) });
    write({ 'copies.of-the-admin.cn/boutique': recordOf(ACCOUNT, 1) });
    write({ [keysOf('boutique', 'token').record]: recordOf('weixin/stable-token/wx1111111111111111', 7) });
    expect(told).toEqual([ACCOUNT]);
  });
});
