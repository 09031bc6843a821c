import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeValue, ENCODINGS, encodeValue, recogniseEncoding } from '../../src/codec/value-encodings.ts';
import { aToken } from '../publishers/token.ts';

const TOKEN = aToken('76_aToken-of_WeChat', { expiresIn: 7199.9 });

const bytes = (text: string) => Buffer.from(text, 'latin1');

describe('encodings of values in the caches of SDKs', () => {
  it.for([
    ['raw', '76_aToken-of_WeChat'],
    ['php-string', 's:19:"76_aToken-of_WeChat";'],
    ['php-array', 'a:2:{s:12:"access_token";s:19:"76_aToken-of_WeChat";s:10:"expires_in";i:7199;}'],
    ['json-string', '"76_aToken-of_WeChat"'],
    ['json-object', '{"access_token":"76_aToken-of_WeChat","expires_in":7199}'],
  ] as const)('%s writes a token as %s', ([encoding, text]) => {
    expect(encodeValue(encoding, TOKEN, 'token')).toBe(text);
  });

  it.for([
    ['php-array', 'a:2:{s:6:"ticket";s:19:"76_aToken-of_WeChat";s:10:"expires_in";i:7199;}'],
    ['json-object', '{"ticket":"76_aToken-of_WeChat","expires_in":7199}'],
  ] as const)('%s writes a ticket as %s', ([encoding, text]) => {
    expect(encodeValue(encoding, TOKEN, 'jsapi')).toBe(text);
  });

  it('every value is decoded and recognised again', () => {
    const values = fc.stringMatching(/^[\w.~+/=-]{16,600}$/);
    fc.assert(
      fc.property(
        values,
        fc.constantFrom(...ENCODINGS),
        fc.constantFrom('token', 'jsapi'),
        (value, encoding, kind) => {
          const text = encodeValue(encoding, aToken(value), kind);
          expect(decodeValue(encoding, text, kind)).toBe(value);
          expect(recogniseEncoding(Buffer.from(text), kind)).toBe(encoding);
        },
      ),
    );
  });

  it.for([
    ['php-string', '76_aToken-of_WeChat'],
    ['php-string', 'a:1:{s:12:"access_token";s:3:"abc";}'],
    ['php-string', 'i:5;'],
    ['php-array', 's:19:"76_aToken-of_WeChat";'],
    ['php-array', 'a:1:{s:6:"ticket";s:3:"abc";}'],
    ['json-string', '76_aToken-of_WeChat'],
    ['json-string', '{"access_token":"abc"}'],
    ['json-object', '"76_aToken-of_WeChat"'],
    ['json-object', '["76_aToken-of_WeChat"]'],
    ['json-object', 'null'],
    ['json-object', '{"access_token":5}'],
    ['raw', ''],
  ] as const)('a reader of %s finds nothing in %s', ([encoding, text]) => {
    expect(decodeValue(encoding, text, 'token')).toBeUndefined();
  });

  it.for([
    ['igbinary', '\0\0\0\x02\x11\x0376_'],
    ['java', '\xac\xed\0\x05t\0\x03abc'],
    ['kryo', '\x03valu\xe5'],
    [undefined, ''],
    [undefined, 'no token at all'],
    [undefined, '{"access_token":5}'],
  ] as const)('%s is told from the bytes', ([encoding, text]) => {
    expect(recogniseEncoding(bytes(text), 'token')).toBe(encoding);
  });
});
