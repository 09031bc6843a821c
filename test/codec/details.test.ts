import { describe, expect, it } from 'vitest';
import { decodeDetails, decodeEntry, detailsOf, encodeEntry, isEntryOf } from '../../src/codec/details.ts';
import { sha256 } from '../../src/codec/encoding.ts';
import type { Token } from '../../src/core/credential.ts';
import { Secret } from '../../src/core/secret.ts';
import { SUBJECT } from '../coordination/cluster/fake-secret.ts';
import { token as valued } from '../support/story.ts';

const START = 1_767_225_600;

const TOKEN: Token = {
  ...{ value: new Secret(valued('a')), expiresIn: 7200, generation: 4 },
  ...{ issuedAt: START * 1_000, expiresAt: (START + 7200) * 1_000, platformDate: (START + 1) * 1_000 },
};

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (token: Token = TOKEN, subject: Parameters<typeof encodeEntry>[1] = SUBJECT) =>
  JSON.parse(encodeEntry(token, subject)) as Fields;
const decoded = (changes: Fields) => decodeEntry(JSON.stringify({ ...fieldsOf(), ...changes }));
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('details of a credential in a Secret', () => {
  it('the details of a token name it, its app and its times in seconds', () => {
    expect(fieldsOf()).toEqual({
      ...{ name: 'shop', type: 'stable-token', kind: 'token', app_id: 'wx0000000000000000' },
      ...{ access_token: valued('a'), expires_in: 7200, issued_at: START, expires_at: START + 7200 },
      ...{ generation: 4, platform_date: START + 1, fingerprint: sha256(valued('a')) },
    });
    expect(encodeEntry(TOKEN, SUBJECT)).toMatch(/^\{.+\}\n$/);
  });

  it('the details of a ticket name its kind and hold it as a ticket', () => {
    const fields = fieldsOf(TOKEN, { ...SUBJECT, kind: 'jsapi' });
    expect(fields).toMatchObject({ type: 'jsapi', kind: 'jsapi', ticket: valued('a') });
    expect(fields).not.toHaveProperty('access_token');
    expect(fieldsOf()).not.toHaveProperty('ticket');
  });

  it('a part of a second is never promised', () => {
    const { issuedAt, expiresAt } = TOKEN;
    const fields = fieldsOf({ ...TOKEN, issuedAt: issuedAt + 999, expiresAt: expiresAt + 999 });
    expect(fields).toMatchObject({ issued_at: START, expires_at: START + 7200 });
  });

  it('details without a date of the platform are written and read without one', () => {
    const { platformDate: _none, ...undated } = TOKEN;
    expect(fieldsOf(undated)).not.toHaveProperty('platform_date');
    expect(decodeEntry(encodeEntry(undated, SUBJECT)).token).toEqual(undated);
    expect(decodeEntry(encodeEntry(undated, SUBJECT)).token).not.toHaveProperty('platformDate');
  });

  it('a token and a ticket are read as they were written', () => {
    expect(decodeEntry(encodeEntry(TOKEN, SUBJECT))).toEqual({
      ...{ token: TOKEN, appId: 'wx0000000000000000', type: 'stable-token' },
    });
    const ticket = decodeEntry(encodeEntry(TOKEN, { ...SUBJECT, kind: 'wx_card' }));
    expect(ticket).toMatchObject({ type: 'wx_card', token: { generation: 4 } });
    expect(ticket.token.value.reveal()).toBe(valued('a'));
  });

  it.for([
    ['type', 7],
    ['type', 'x'.repeat(65)],
    ['app_id', undefined],
    ['app_id', 'x'.repeat(129)],
    ['access_token', 7],
    ['ticket', 7],
    ['expires_in', '7200'],
    ['issued_at', -1],
    ['issued_at', 1.5],
    ['issued_at', 8.64e12 + 1],
    ['issued_at', '1767225600'],
    ['expires_at', undefined],
    ['generation', -1],
    ['platform_date', 'today'],
    ['fingerprint', undefined],
  ] as const)('details whose %s is %s are not read', ([field, value]) => {
    expect(() => decoded({ [field]: value })).toThrow(/^not the details of a credential$/);
  });

  it('details with the longest names and the furthest times are read', () => {
    const entry = decoded({
      type: 'x'.repeat(64),
      app_id: 'y'.repeat(128),
      issued_at: 0,
      expires_at: 8.64e12,
    });
    expect(entry).toMatchObject({ type: 'x'.repeat(64), appId: 'y'.repeat(128), token: { issuedAt: 0 } });
    expect(decoded({ issued_at: 8.64e12 }).token.issuedAt).toBe(8.64e15);
  });

  it('a text that is no JSON is not read', () => {
    expect(() => decodeEntry('{')).toThrow(/^not JSON$/);
    expect(() => decodeEntry('null')).toThrow(/^not the details of a credential$/);
  });

  it('a value that differs from its fingerprint is not read', () => {
    const reason = /^its value is not the one that was written$/;
    expect(() => decoded({ access_token: valued('b') })).toThrow(reason);
    const { access_token: _gone, ...empty } = fieldsOf();
    expect(() => decodeEntry(JSON.stringify(empty))).toThrow(reason);
  });

  it('a value or a life that no credential can have is refused without being quoted', () => {
    const reason = /^its value, or its life, cannot be that of a credential$/;
    const short = fieldsOf({ ...TOKEN, value: new Secret('short') });
    expect(() => decodeEntry(JSON.stringify(short))).toThrow(reason);
    expect(() => decoded({ expires_in: 0 })).toThrow(reason);
    const { access_token: _gone, ...none } = fieldsOf({ ...TOKEN, value: new Secret('') });
    expect(() => decodeEntry(JSON.stringify(none))).toThrow(reason);
  });

  it('an end that lies further off than the life is brought back to it', () => {
    expect(decoded({ expires_at: START + 7201 }).token.expiresAt).toBe((START + 7201) * 1_000);
    expect(decoded({ expires_at: START + 7202 }).token.expiresAt).toBe((START + 7201) * 1_000);
    expect(decoded({ expires_at: START + 60 }).token.expiresAt).toBe((START + 60) * 1_000);
  });
});

describe('whether what a Secret keeps belongs to a token', () => {
  it('details of the same value, generation and app belong to the token', () => {
    expect(isEntryOf(base64(encodeEntry(TOKEN, SUBJECT)), TOKEN, SUBJECT)).toBe(true);
  });

  it('details that another version of the program wrote belong to the token', () => {
    const later = JSON.stringify({ ...fieldsOf(), mood: 'fine' });
    expect(isEntryOf(base64(later), TOKEN, SUBJECT)).toBe(true);
  });

  it.for([
    ['value', { ...TOKEN, value: new Secret(valued('b')) }, SUBJECT],
    ['generation', { ...TOKEN, generation: 5 }, SUBJECT],
    ['app', TOKEN, { ...SUBJECT, appId: 'wx1111111111111111' }],
  ] as const)('details of another %s do not belong to the token', ([, token, subject]) => {
    expect(isEntryOf(base64(encodeEntry(token, subject)), TOKEN, SUBJECT)).toBe(false);
  });

  it('neither nothing nor nonsense belongs to a token', () => {
    expect(isEntryOf(undefined, TOKEN, SUBJECT)).toBe(false);
    expect(isEntryOf(base64('{'), TOKEN, SUBJECT)).toBe(false);
  });
});

/** As whoever changes the value would write it: with the fingerprint that belongs to it. */
const revalued = (value: string): Fields => ({ access_token: value, fingerprint: sha256(value) });

describe('details of a credential in a file and in a Secret', () => {
  const written = {
    file: { decode: decodeDetails, fields: detailsOf(TOKEN, SUBJECT) },
    secret: { decode: decodeEntry, fields: fieldsOf() },
  };

  it('the details in a file are read as they were written', () => {
    const { token, appId, type } = decodeDetails(JSON.stringify(detailsOf(TOKEN, SUBJECT)));
    const { platformDate: _only, ...known } = TOKEN;
    expect({ token, appId, type }).toEqual({
      ...{ token: { ...known, generation: 0 }, appId: 'wx0000000000000000', type: 'stable-token' },
    });
  });

  it.each([
    ['a value with a line break', revalued('76_aToken-of\n_WeChat')],
    ['a value with a blank', revalued('76_aToken of_WeChat')],
    ['an empty value', revalued('')],
    ['no value', { access_token: undefined }],
    ['a life of 158 years', { expires_in: 5e9 }],
    ['no life', { expires_in: 0 }],
    ['an end before the epoch', { expires_at: -1 }],
    ['an end that is no date', { expires_at: 8.64e12 + 1 }],
    ['a time with a fraction', { issued_at: 1.5 }],
    ['no AppID', { app_id: undefined }],
  ] as const)('details with %s are refused in either place', (_, changes) => {
    for (const { decode, fields } of Object.values(written)) {
      expect(() => decode(JSON.stringify({ ...fields, ...changes }))).toThrow();
    }
  });

  it('an end later than the life allows is cut to the life in either place', () => {
    for (const { decode, fields } of Object.values(written)) {
      const { token } = decode(JSON.stringify({ ...fields, expires_at: 8.64e12 }));
      expect(token.expiresAt).toBe((START + 7200 + 1) * 1_000);
    }
  });

  it('a message about details never quotes them', () => {
    for (const text of [
      `{"access_token":"${valued('a')}"`,
      JSON.stringify({ ...fieldsOf(), expires_in: 5e9 }),
    ]) {
      expect(() => decodeEntry(text)).toThrow();
      expect(() => decodeEntry(text)).not.toThrow(valued('a'));
    }
  });
});
