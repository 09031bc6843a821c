import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRecord, encodeRecord } from '../../src/codec/record.ts';
import { type AccountRecord, emptyRecord } from '../../src/core/record.ts';
import { aToken } from '../publishers/token.ts';

const ACCOUNT = 'weixin/stable-token/wx0000000000000000';
const NOW = Date.UTC(2026, 0, 1);
const VALUE = '76_aToken-of_WeChat';

/** Every field that a record can have. */
const FULL: AccountRecord = {
  ...emptyRecord(ACCOUNT, NOW),
  generation: 12,
  token: aToken(VALUE, { generation: 11, platformDate: NOW + 500 }),
  intent: { at: NOW + 1_000, forced: true },
  ledger: {
    ...emptyRecord(ACCOUNT, NOW).ledger,
    fetches: [
      { hour: 490896, calls: 3 },
      { hour: 490897, calls: 1 },
    ],
    forced: [{ hour: 490896, calls: 1 }],
    lastFetch: NOW - 500,
    lastForced: NOW - 1_000,
  },
};

/** The same as it is written. */
const STORED = JSON.parse(encodeRecord(FULL));

/** A record with its token in the clear, so that two can be compared. */
function shown({ token, ...record }: AccountRecord): unknown {
  return { ...record, ...(token && { token: { ...token, value: token.value.reveal() } }) };
}

/** The stored text with some of its fields changed; `undefined` removes one. */
function changed(changes: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...STORED, ...changes });
}

function changedToken(changes: Readonly<Record<string, unknown>>): string {
  return changed({ token: { ...STORED.token, ...changes } });
}

function refusal(text: string): string {
  try {
    decodeRecord(text, ACCOUNT);
  } catch (error) {
    return String(error);
  }
  throw new Error(`this was taken for a record: ${text}`);
}

describe('encoding and decoding', () => {
  it.each([
    ['no optional field', emptyRecord(ACCOUNT, NOW)],
    ['every field', FULL],
  ])('a record with %s is read as it was written', (_, record) => {
    expect(shown(decodeRecord(encodeRecord(record), ACCOUNT))).toEqual(shown(record));
  });

  it('a record with any token that the platform may send is read as it was written', () => {
    const epoch = fc.integer({ min: 0, max: 2 ** 43 });
    const alphabet = [...'!#%&()*+,-./0123456789:;=>?@ABCXYZ[]^_abcxyz{|}~'];
    const value = fc.string({ unit: fc.constantFrom(...alphabet), minLength: 16, maxLength: 600 });
    fc.assert(
      fc.property(
        value,
        fc.integer({ min: 1, max: 86_400 }),
        epoch,
        epoch,
        (text, life, issuedAt, generation) => {
          const token = aToken(text, { expiresIn: life, issuedAt, expiresAt: issuedAt + life * 1000 });
          const record = { ...FULL, token, generation: generation % 1e9 };
          expect(shown(decodeRecord(encodeRecord(record), ACCOUNT))).toEqual(shown(record));
        },
      ),
    );
  });

  it('a record is written as one line of text', () => {
    expect(encodeRecord(FULL)).toMatch(/^\{[^\n]+\}\n$/);
  });

  it('a record with an unknown extra field is accepted', () => {
    expect(decodeRecord(changed({ more: 'of it' }), ACCOUNT).generation).toBe(12);
  });
});

describe('refused records', () => {
  it.each([
    ['an empty text', ''],
    ['a blank text', ' \n'],
    ['an answer of the platform', '{"access_token":"76_aToken-of_WeChat","expires_in":7200}'],
    ['an HTML page', '<html>76_aToken-of_WeChat</html>'],
    ['a JSON null', 'null'],
    ['a JSON number', '76'],
    ['a JSON string', '"76_aToken-of_WeChat"'],
    ['a JSON array', '[]'],
    ['a bare token', VALUE],
    ['a binary text', '\u0000\u0001\ufffd'],
  ])('%s is refused as no record without being quoted', (_, text) => {
    expect(refusal(text)).toMatch(/^Error: (not JSON|not a record of this program \([a-z ]+\))$/);
  });

  it('a truncated record is refused wherever it was cut', () => {
    const text = encodeRecord(FULL).trimEnd();
    for (let length = 0; length < text.length; length += 1) {
      expect(refusal(text.slice(0, length))).toBe('Error: not JSON');
    }
  });

  it('a record of another account is refused without being quoted', () => {
    expect(refusal(changed({ account: 'weixin/stable-token/wx1111111111111111' }))).toBe(
      'Error: a record of another account',
    );
    expect(refusal(changed({ account: VALUE }))).not.toContain(VALUE);
  });

  it.each([2, 3, 999])(
    'a record of version %j is told by its version and ours, and not called garbage',
    (version) => {
      expect(refusal(changed({ version }))).toBe(
        `LaterRecordError: written by a later version of this program (record version ${version}; this one reads up to 1)`,
      );
      // Whatever else it holds: only a program of its version knows.
      expect(refusal(JSON.stringify({ version, account: ACCOUNT, token: VALUE }))).toMatch(
        /^LaterRecordError/,
      );
      expect(refusal(changed({ version, account: VALUE }))).toBe('Error: a record of another account');
    },
  );

  it.each([0, -1, 1.5, 1e9, '1', null, undefined])('a record of version %j is refused', (version) => {
    expect(refusal(changed({ version }))).toBe('Error: not a record of this program (version)');
  });

  it.each([-1, 1.5, '12', null, 1e300, 1e12, 1e9 + 1, Number.MAX_SAFE_INTEGER, 2 ** 53])(
    'a record with generation %j is refused',
    (generation) => {
      expect(refusal(changed({ generation }))).toBe('Error: not a record of this program (generation)');
    },
  );

  it.each([
    ['a value that is no text', { value: 42 }],
    ['an empty value', { value: '' }],
    ['a value of 15 characters', { value: 'x'.repeat(15) }],
    ['a value of 4097 characters', { value: 'x'.repeat(4097) }],
    ['a quote in its value', { value: `${VALUE}"` }],
    ['a newline in its value', { value: `${VALUE}\n` }],
    ['a $ in its value', { value: `${VALUE}$` }],
    ['an HTML page as its value', { value: '<html><head></head></html>' }],
    ['no lifetime', { expiresIn: undefined }],
    ['a lifetime of 0', { expiresIn: 0 }],
    ['a lifetime of more than a day', { expiresIn: 86_401 }],
    ['an absurdly long lifetime', { expiresIn: 1e300 }],
    ['a lifetime that is no number', { expiresIn: 'long' }],
    ['an expiry beyond all dates', { expiresAt: 1e300 }],
    ['an expiry before all dates', { expiresAt: -1 }],
    ['an issue time beyond all dates', { issuedAt: 1e17 }],
    ['no generation', { generation: undefined }],
  ])('a token with %s is refused', (_, changes) => {
    expect(refusal(changedToken(changes))).toBe('Error: not a record of this program (token)');
  });

  it.each([
    ['no ledger', undefined],
    ['an empty ledger', {}],
    ['a negative fetch count', { ...STORED.ledger, fetches: { '490896': -1 } }],
    ['an impossible fetch count', { ...STORED.ledger, fetches: { '490896': 1e300 } }],
    ['an invalid hour in its ledger', { ...STORED.ledger, fetches: { [VALUE]: 1 } }],
    ['a last fetch beyond all dates', { ...STORED.ledger, lastFetch: 1e300 }],
  ])('a record with %s is refused', (_, ledger) => {
    expect(refusal(changed({ ledger }))).toBe('Error: not a record of this program (ledger)');
  });

  it.each([{}, { at: -1, forced: true }, { at: 1e300, forced: false }, { at: NOW, forced: 'yes' }, 'soon'])(
    'a record with intent %j is refused',
    (intent) => {
      expect(refusal(changed({ intent }))).toBe('Error: not a record of this program (intent)');
    },
  );

  it('a record with an infinite number is refused', () => {
    const text = encodeRecord(FULL).replace(`"expiresAt":${FULL.token?.expiresAt}`, '"expiresAt":1e999');
    expect(refusal(text)).toBe('Error: not a record of this program (token)');
  });
});
