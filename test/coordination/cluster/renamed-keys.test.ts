import { describe, expect, it } from 'vitest';
import { keysOf } from '../../../src/codec/secret-layout.ts';
import { renamedPartsOf } from '../../../src/coordination/cluster/secret-reader.ts';

describe('renamed keys of an account in a Secret', () => {
  const ACCOUNT = 'weixin/stable-token/wx0000000000000000';
  const record = (account = ACCOUNT) => JSON.stringify({ account, generation: 1 });
  const renamed = (annotations: Readonly<Record<string, string>>, kind: 'token' | 'jsapi' = 'token') =>
    renamedPartsOf({ metadata: { annotations } }, keysOf('shop', kind), kind, ACCOUNT);

  it('a record of the same account under another name is found', () => {
    expect(renamed({ [keysOf('old', 'token').record]: record() })).toEqual([{ record: record() }]);
  });

  it('the record itself, one of another account and one of another kind are not found', () => {
    expect(renamed({ [keysOf('shop', 'token').record]: record() })).toEqual([]);
    expect(renamed({ [keysOf('old', 'token').record]: record('another') })).toEqual([]);
    expect(renamed({ [keysOf('old', 'jsapi').record]: record() })).toEqual([]);
    expect(renamed({ [keysOf('old', 'token').record]: record() }, 'jsapi')).toEqual([]);
  });

  it('an annotation of somebody else that repeats the record is not found', () => {
    expect(renamed({ 'backup.example/of-the-record-of-shop': record() })).toEqual([]);
    expect(renamedPartsOf({ metadata: {} }, keysOf('shop', 'token'), 'token', ACCOUNT)).toEqual([]);
  });

  it('an annotation of somebody else leads to nothing of another account, whatever it is called', () => {
    const theirs = keysOf('boutique', 'token');
    // As long as the prefix of our own annotations, so that what follows it is a name of ours.
    const copy = 'copies.of-the-admin.cn/boutique';
    expect(copy.indexOf('/')).toBe(theirs.record.indexOf('/'));
    const annotations = { [copy]: record(), [theirs.record]: record('another') };
    const secret = { data: { [theirs.value]: 'dG9rZW4=' }, metadata: { annotations } };
    expect(renamedPartsOf(secret, keysOf('shop', 'token'), 'token', ACCOUNT)).toEqual([]);
  });
});
