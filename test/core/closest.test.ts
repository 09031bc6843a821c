import { describe, expect, it } from 'vitest';
import { closest, didYouMean } from '../../src/core/closest.ts';

const KEYS = ['name', 'namespace', 'title', 'type', 'secretFile', 'secretEnv', 'publish', 'platform'];

describe('what a mistyped name means', () => {
  it.for([
    ['nmae', 'name'],
    ['names', 'name'],
    ['tpye', 'type'],
    ['secret_file', 'secretFile'],
    ['SECRETFILE', 'secretFile'],
    ['pubilsh', 'publish'],
    ['titel', 'title'],
    ['plat', 'platform'],
    ['pub', 'publish'],
    ['namesp', 'namespace'],
  ] as const)('%s means %s', ([name, meant]) => {
    expect(closest(name, KEYS)).toBe(meant);
  });

  it.for(['file', 'x', 'n', 'se', 'secret', 'budget', 'p', '', 'a'.repeat(1000)])(
    '%s means none of them',
    (name) => {
      expect(closest(name, KEYS)).toBeUndefined();
    },
  );

  it('what was meant is asked in both languages, all of it where there are several', () => {
    const what = { en: 'is unknown', zh: '不认识' };
    expect(didYouMean(what, [])).toBe(what);
    expect(didYouMean(what, ['name'])).toEqual({
      en: 'is unknown; did you mean name?',
      zh: '不认识；是不是想写 name？',
    });
    expect(didYouMean(what, ['a', 'b', { en: 'the rest', zh: '其他' }])).toEqual({
      en: 'is unknown; did you mean a, b or the rest?',
      zh: '不认识；是不是想写 a、b 或其他？',
    });
  });
});
