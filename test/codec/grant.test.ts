import { describe, expect, it } from 'vitest';
import { decodeRecord, encodeRecord } from '../../src/codec/record.ts';
import { decodePart, encodePart, isSamePart, keysOf, patchOf } from '../../src/codec/secret-layout.ts';
import { type AccountRecord, emptyRecord } from '../../src/core/record.ts';
import { Secret } from '../../src/core/secret.ts';
import { aToken } from '../publishers/token.ts';

const ACCOUNT = 'weixin/authorizer/wx0000000000000001/wx1111111111111111';
const NOW = Date.UTC(2026, 0, 1);
const REFRESH = 'refreshtoken@@@abcdefghijklmnop';
const SUBJECT = { name: 'shop', type: 'authorizer', appId: 'wx1111111111111111', kind: 'token' } as const;

const RECORD: AccountRecord = {
  ...emptyRecord(ACCOUNT, NOW),
  generation: 4,
  token: aToken('76_aToken-of_WeChat', { generation: 4 }),
  grant: { refreshToken: new Secret(REFRESH), authorisedAt: NOW - 1000, exchanged: 'f'.repeat(64) },
  pushStartedAt: NOW,
};

describe('what an account has granted, in a record', () => {
  it('a state folder gives it back as it was written', () => {
    const { grant, pushStartedAt } = decodeRecord(encodeRecord(RECORD), ACCOUNT);
    expect(grant?.refreshToken.reveal()).toBe(REFRESH);
    expect(grant?.authorisedAt).toBe(NOW - 1000);
    expect(grant?.exchanged).toBe('f'.repeat(64));
    expect(pushStartedAt).toBe(NOW);
  });

  it('a record of before has none, and is read', () => {
    const { grant: _, ...before } = RECORD;
    expect(decodeRecord(encodeRecord(before), ACCOUNT)).not.toHaveProperty('grant');
  });

  it.each([
    ['changed', { refreshToken: `${REFRESH}x` }],
    ['empty', { refreshToken: '' }],
    ['without its hash', { sha256: '' }],
  ])('a refresh token that is %s is none, and the rest of the record stays', (_, changes) => {
    const stored = JSON.parse(encodeRecord(RECORD));
    const text = JSON.stringify({ ...stored, grant: { ...stored.grant, ...changes } });
    const read = decodeRecord(text, ACCOUNT);
    expect(read).not.toHaveProperty('grant');
    expect(read.token?.value.reveal()).toBe('76_aToken-of_WeChat');
  });

  it('a Secret has it in data alone, and gives it back', () => {
    const part = encodePart(RECORD, SUBJECT);
    expect(part.record).not.toContain(REFRESH);
    expect(Buffer.from(part.entry ?? '', 'base64').toString()).not.toContain(REFRESH);
    expect(Buffer.from(part.grant ?? '', 'base64').toString()).toBe(REFRESH);
    expect(decodePart(part, ACCOUNT)?.grant?.refreshToken.reveal()).toBe(REFRESH);
  });

  it('a Secret without it, or with another one, gives the rest of the record back', () => {
    const part = encodePart(RECORD, SUBJECT);
    const { grant: _, ...without } = part;
    expect(decodePart(without, ACCOUNT)).not.toHaveProperty('grant');
    const other = decodePart(
      { ...part, grant: Buffer.from('other-refresh-token').toString('base64') },
      ACCOUNT,
    );
    expect(other).not.toHaveProperty('grant');
    expect(other?.token?.value.reveal()).toBe('76_aToken-of_WeChat');
  });

  it('another refresh token makes another part, and a patch that holds it', () => {
    const before = encodePart(RECORD, SUBJECT);
    const next = encodePart({ ...RECORD, grant: { refreshToken: new Secret(`${REFRESH}next`) } }, SUBJECT);
    expect(isSamePart(before, next)).toBe(false);
    const keys = keysOf('shop', 'token');
    expect(patchOf(next, before, keys)).toMatchObject({ data: { [keys.grant]: next.grant } });
    expect(patchOf(before, before, keys)).not.toHaveProperty('data');
  });
});
