import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/codec/encoding.ts';
import {
  decodePermanentCodes,
  encodePermanentCodes,
  markOfPermanentCode,
} from '../../src/codec/permanent-codes.ts';
import type { PermanentCode } from '../../src/core/permanent-code.ts';
import { Secret } from '../../src/core/secret.ts';

const ACCOUNT = 'weixin/wecom-suite/ww0000000000000001';
const CODE: PermanentCode = {
  ...{ corpId: 'wpAbCdEf', value: new Secret('permanent-code-of-a-corp'), exchangedAt: Date.UTC(2026, 0, 1) },
  ...{ mark: sha256('code'), former: [sha256('before')] },
};
const TEXT = encodePermanentCodes([CODE], ACCOUNT);

describe('permanent codes as they are written down', () => {
  it('what is encoded is decoded, in one line', () => {
    expect(TEXT.match(/\n/g)).toHaveLength(1);
    expect(decodePermanentCodes(TEXT, ACCOUNT)).toEqual([CODE]);
  });

  it('a mark reveals nothing of a code', () => {
    expect(markOfPermanentCode(CODE.value)).not.toContain('permanent');
  });

  it('those of another account, of another version and anything else are refused without being quoted', () => {
    for (const text of ['', 'permanent-code'])
      expect(() => decodePermanentCodes(text, ACCOUNT)).toThrow(/^not JSON$/);
    for (const text of ['{}', '[]', TEXT.replace('"version":1', '"version":2')])
      expect(() => decodePermanentCodes(text, ACCOUNT)).toThrow(/^not permanent codes/);
    expect(() => decodePermanentCodes(TEXT, 'weixin/wecom-suite/other')).toThrow(
      /^the permanent codes of another/,
    );
  });

  it('one whose id could be a path is refused', () => {
    expect(() => decodePermanentCodes(TEXT.replace('wpAbCdEf', '../wp'), ACCOUNT)).toThrow(
      /^not permanent codes/,
    );
  });

  it('a damaged code is left out', () => {
    expect(decodePermanentCodes(TEXT.replace('permanent-code-of', 'permanent-code-if'), ACCOUNT)).toEqual([]);
  });
});
