import { describe, expect, it } from 'vitest';
import { encodingProblem } from '../../../src/config/read/file.ts';
import { parseSecret } from '../../../src/config/secret-file.ts';

const read = (bytes: Buffer) => bytes.toString('utf8');
const UTF16 = 'looks like UTF-16: save it as UTF-8';

describe('text encodings', () => {
  it.each([
    ['with a byte order mark', Buffer.from('\ufefftype: wecom\n', 'utf16le')],
    ['without a byte order mark', Buffer.from('type: wecom\n', 'utf16le')],
    ['big endian', Buffer.from('\ufefftype: wecom\n', 'utf16le').swap16()],
    ['mostly Chinese', Buffer.from('\ufeff# 商店的配置文件\n', 'utf16le')],
  ])('UTF-16 text is recognised (%s)', (_, bytes) => {
    expect(encodingProblem(read(bytes))?.en).toBe(UTF16);
  });

  it('a NUL character in a text is reported', () => {
    expect(encodingProblem('type: wecom\0\n')?.en).toBe('holds a NUL, the character of code 0');
  });

  it.each(['', 'type: wecom', '商店', read(Buffer.from([0xff]))])(
    'the text %j has no encoding problem',
    (text) => {
      expect(encodingProblem(text)).toBeUndefined();
    },
  );

  it('a secret in UTF-16 is refused without showing its content', () => {
    const text = read(Buffer.from('the-secret-of-this-test\r\n', 'utf16le'));
    expect(parseSecret(text)).toMatchObject({ problem: { en: UTF16 } });
  });
});
