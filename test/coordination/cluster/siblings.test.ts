import { describe, expect, it } from 'vitest';
import { keysOf } from '../../../src/codec/secret-layout.ts';
import { siblingsOf } from '../../../src/coordination/cluster/secret-reader.ts';

describe('the siblings of a record in a Secret', () => {
  const ACCOUNT = 'weixin/stable-token/wx0000000000000000';
  const record = (account = ACCOUNT) => JSON.stringify({ account, generation: 1 });
  const siblings = (annotations: Readonly<Record<string, string>>, kind: 'token' | 'jsapi' = 'token') =>
    siblingsOf({ metadata: { annotations } }, keysOf('shop', kind), kind, ACCOUNT);

  it('a record of the same account under another name is a sibling', () => {
    expect(siblings({ [keysOf('old', 'token').record]: record() })).toEqual([{ record: record() }]);
  });

  it('the record itself, one of another account and one of another kind are none', () => {
    expect(siblings({ [keysOf('shop', 'token').record]: record() })).toEqual([]);
    expect(siblings({ [keysOf('old', 'token').record]: record('another') })).toEqual([]);
    expect(siblings({ [keysOf('old', 'jsapi').record]: record() })).toEqual([]);
    expect(siblings({ [keysOf('old', 'token').record]: record() }, 'jsapi')).toEqual([]);
  });

  it('an annotation of somebody else that repeats the record is none', () => {
    expect(siblings({ 'backup.example/of-the-record-of-shop': record() })).toEqual([]);
    expect(siblingsOf({ metadata: {} }, keysOf('shop', 'token'), 'token', ACCOUNT)).toEqual([]);
  });

  it('an annotation of somebody else leads to nothing of another account, whatever it is called', () => {
    const theirs = keysOf('boutique', 'token');
    // As long as the prefix of our own annotations, so that what follows it is a name of ours.
    const copy = 'copies.of-the-admin.cn/boutique';
    expect(copy.indexOf('/')).toBe(theirs.record.indexOf('/'));
    const annotations = { [copy]: record(), [theirs.record]: record('another') };
    const secret = { data: { [theirs.value]: 'dG9rZW4=' }, metadata: { annotations } };
    expect(siblingsOf(secret, keysOf('shop', 'token'), 'token', ACCOUNT)).toEqual([]);
  });
});
