import { describe, expect, it } from 'vitest';
import {
  codeFileOf,
  isCorpId,
  newestCodes,
  type PermanentCode,
  withPermanentCode,
} from '../../src/core/permanent-code.ts';
import { Secret } from '../../src/core/secret.ts';

const AT = Date.UTC(2026, 0, 1);
const markOf = (code: Secret) => `mark of ${code.reveal()}`;

const code = (value: string, changes: Partial<PermanentCode> = {}): PermanentCode => ({
  ...{ corpId: 'wpA', value: new Secret(value), exchangedAt: AT, mark: `from ${value}`, former: [] },
  ...changes,
});

/** What is known after these have come, one after the other. */
function gotten(values: readonly string[], now = AT): readonly PermanentCode[] {
  return values.reduce<readonly PermanentCode[]>((known, value) => {
    const change = withPermanentCode(known, code(value), now, markOf);
    return 'write' in change ? change.write : known;
  }, []);
}

describe('the permanent code of a corp', () => {
  it('the one that was got last counts, also where the clock of the one before was ahead', () => {
    const known = [code('a', { exchangedAt: AT + 60_000 })];
    const change = withPermanentCode(known, code('b'), AT, markOf);
    expect(change).toMatchObject({ code: { exchangedAt: AT + 60_001, former: ['mark of a'] } });
    expect('write' in change && newestCodes(known, change.write)).toMatchObject([{ mark: 'from b' }]);
  });

  it('the same answer twice changes nothing', () => {
    expect(withPermanentCode(gotten(['a']), code('a'), AT + 1, markOf)).toEqual({ leave: 'known' });
  });

  it('codes before it are known by their marks, no more than two, and never the one that counts', () => {
    expect(gotten(['a', 'b', 'c', 'd'])).toMatchObject([{ former: ['mark of c', 'mark of b'] }]);
    expect(gotten(['a', 'b', 'a'])).toMatchObject([{ former: ['mark of b'] }]);
  });

  it('those of other corps stay, and ids that differ in case are two corps', () => {
    const change = withPermanentCode([code('a'), code('b', { corpId: 'wpa' })], code('c'), AT + 1, markOf);
    expect('write' in change && change.write.map(({ corpId, mark }) => [corpId, mark])).toEqual([
      ['wpa', 'from b'],
      ['wpA', 'from c'],
    ]);
  });
});

describe('the id of a corp in a path', () => {
  it.each(['wpAbCd-_09', 'ww0000000000000000'])('%s may be there', (id) => {
    expect(isCorpId(id)).toBe(true);
  });

  it.each(['', '.', '..', '../x', 'a/b', 'a.b', 'a b', 'a\0', 'é', 'w'.repeat(65), 7, undefined])(
    '%j may not',
    (id) => {
      expect(isCorpId(id)).toBe(false);
    },
  );

  it('it is put in as it is, also where it looks like a pattern', () => {
    expect(codeFileOf('/codes/{corpId}/code', 'wp-A_1')).toBe('/codes/wp-A_1/code');
    expect(codeFileOf('/codes/{corpId}', '$&')).toBe('/codes/$&');
  });
});
