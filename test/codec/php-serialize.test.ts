import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { phpJsonString, phpSerialize, phpUnserialize } from '../../src/codec/php-serialize.ts';

describe("PHP's serialize()", () => {
  it('a string is written with its length in bytes', () => {
    expect(phpSerialize('76_aToken')).toBe('s:9:"76_aToken";');
    expect(phpSerialize('微信🔑')).toBe('s:10:"微信🔑";');
    expect(phpSerialize('a"b;')).toBe('s:4:"a"b;";');
  });

  it('an array is written with its fields in order', () => {
    expect(phpSerialize({ access_token: '76_aToken', expires_in: 7200 })).toBe(
      'a:2:{s:12:"access_token";s:9:"76_aToken";s:10:"expires_in";i:7200;}',
    );
  });

  it('a number that PHP would not write as an int is refused', () => {
    expect(() => phpSerialize(1.5)).toThrow(TypeError);
    expect(() => phpSerialize(2 ** 60)).toThrow(TypeError);
  });

  it('every string and number is read back, alone and in an array', () => {
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(text, text, fc.maxSafeInteger(), (key, value, number) => {
        expect(phpUnserialize(phpSerialize(value))).toBe(value);
        expect(phpUnserialize(phpSerialize(number))).toBe(number);
        const fields = { [`k${key}`]: value, n: number };
        expect(phpUnserialize(phpSerialize(fields))).toEqual(new Map(Object.entries(fields)));
      }),
    );
  });

  it('what an SDK keeps beside the token is read as well', () => {
    const text = 'a:4:{s:7:"errcode";i:0;s:2:"ok";b:1;s:4:"rest";d:0.5;i:3;a:1:{i:0;N;}}';
    expect(phpUnserialize(text)).toEqual(
      new Map<string | number, unknown>([
        ['errcode', 0],
        ['ok', true],
        ['rest', 0.5],
        [3, new Map([[0, null]])],
      ]),
    );
  });

  it.for([
    '',
    '76_aToken-of_WeChat',
    's:9:"76_aToken"',
    's:8:"76_aToken";',
    's:10:"76_aToken";',
    's:99:"76_aToken";',
    's:09:"76_aToken";',
    's:9:"76_aToken";x',
    's:2:"é";s:1:"x";',
    'i:1.5;',
    'i:;',
    'a:2:{s:1:"a";i:1;}',
    'a:1:{N;i:1;}',
    'O:8:"stdClass":0:{}',
    `${'a:1:{i:0;'.repeat(50)}N;${'}'.repeat(50)}`,
  ])('%j is not read', (text) => {
    expect(() => phpUnserialize(text)).toThrow('not a serialized PHP value');
  });

  it("JSON is written as PHP's json_encode writes it", () => {
    expect(phpJsonString('a/b"微\n')).toBe('"a\\/b\\"\\u5fae\\n"');
  });
});
