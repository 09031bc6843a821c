import { describe, expect, it } from 'vitest';
import { encodingProblem } from '../../src/config/encoding.ts';
import { parseSecret } from '../../src/config/secret-file.ts';

const read = (bytes: Buffer) => bytes.toString('utf8');
const UTF16 = 'looks like UTF-16: save it as UTF-8';

describe('a text that is not in UTF-8', () => {
  it.each([
    ['with its mark', Buffer.from('\ufefftype: wecom\n', 'utf16le')],
    ['without its mark', Buffer.from('type: wecom\n', 'utf16le')],
    ['the other way round', Buffer.from('\ufefftype: wecom\n', 'utf16le').swap16()],
    ['mostly Chinese', Buffer.from('\ufeff# 商店的配置文件\n', 'utf16le')],
  ])('is said to be UTF-16 (%s)', (_, bytes) => {
    expect(encodingProblem(read(bytes))).toBe(UTF16);
  });

  it('is said to hold a NUL', () => {
    expect(encodingProblem('type: wecom\0\n')).toBe('holds a NUL, the character of code 0');
  });

  it.each(['', 'type: wecom', '商店', read(Buffer.from([0xff]))])('is not claimed of %j', (text) => {
    expect(encodingProblem(text)).toBeUndefined();
  });

  it('is told of a secret, without what it holds', () => {
    const text = read(Buffer.from('the-secret-of-this-test\r\n', 'utf16le'));
    expect(parseSecret(text)).toEqual({ problem: UTF16 });
  });
});
