import { describe, expect, it } from 'vitest';
import { languageOf } from '../../src/commands/language.ts';

describe('the language of a command', () => {
  it.for([
    [{ LANG: 'zh_CN.UTF-8' }, 'zh'],
    [{ LANG: 'zh_CN.utf8' }, 'zh'],
    [{ LC_ALL: 'zh_CN.UTF-8', LANG: 'en_US.UTF-8' }, 'zh'],
    [{ LC_ALL: '', LC_MESSAGES: 'zh_CN.UTF-8', LANG: 'C' }, 'zh'],
    [{ LC_ALL: 'C.UTF-8', LANG: 'zh_CN.UTF-8' }, 'en'],
    [{ LC_MESSAGES: 'en_US.UTF-8', LANG: 'zh_CN.UTF-8' }, 'en'],
    [{ LANG: 'zh_CN.GBK' }, 'en'],
    [{ LANG: 'zh_CN' }, 'en'],
    [{ LANG: 'zh_TW.UTF-8' }, 'en'],
    [{}, 'en'],
  ] as const)('a terminal with %j is answered in %s', ([environment, language]) => {
    expect(languageOf({}, { isTTY: true }, environment)).toBe(language);
    expect(languageOf({}, { isTTY: false }, environment)).toBe('en');
    expect(languageOf({}, {}, environment)).toBe('en');
  });

  it('the configured language counts, wherever the answer goes', () => {
    const chinese = { LANG: 'zh_CN.UTF-8' };
    expect(languageOf({ language: 'en' }, { isTTY: true }, chinese)).toBe('en');
    expect(languageOf({ language: 'zh' }, {}, {})).toBe('zh');
  });
});
