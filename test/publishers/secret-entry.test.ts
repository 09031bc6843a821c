import { describe, expect, it } from 'vitest';
import { decodeEntry as decodeRecorded } from '../../src/codec/details.ts';
import { decodeEntry, encodeEntry } from '../../src/publishers/secret-entry.ts';
import { aToken } from './token.ts';

const SUBJECT = { name: 'shop', type: 'stable-token', appId: 'wx0000000000000000', kind: 'token' } as const;
const ENTRY = encodeEntry(aToken('76_aToken-of_WeChat'), SUBJECT);

const changed = (changes: Readonly<Record<string, unknown>>) =>
  JSON.stringify({ ...JSON.parse(ENTRY), ...changes });

describe('token details in a Secret', () => {
  it('the details of a token are read back as they were written', () => {
    const { token, appId, type } = decodeEntry(ENTRY) ?? {};
    expect([token?.value.reveal(), appId, type]).toEqual([
      '76_aToken-of_WeChat',
      SUBJECT.appId,
      'stable-token',
    ]);
  });

  it.each([
    ['another value', { access_token: '76_anotherToken-of_WeChat' }],
    ['a fingerprint of something else', { fingerprint: '0'.repeat(64) }],
    ['an empty value', { access_token: '' }],
    ['no value', { access_token: undefined }],
    ['no generation', { generation: undefined }],
    ['a negative time', { expires_at: -1 }],
  ])('details with %s are ignored as not written by the daemon', (_, changes) => {
    expect(decodeEntry(changed(changes))).toBeUndefined();
    expect(() => decodeRecorded(changed(changes))).toThrow();
  });

  it.each(['', 'no JSON', 'null', '[]'])('the text %j holds no details', (text) => {
    expect(decodeEntry(text)).toBeUndefined();
  });
});
