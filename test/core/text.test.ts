import { describe, expect, it } from 'vitest';
import { allOf, oneOf, verbatim, zh } from '../../src/core/text.ts';

describe('texts that are made of others', () => {
  it('Chinese has a blank where it meets Latin letters and digits, whatever the part is', () => {
    const said = (part: string | number) => zh`有${part}个`;
    expect(said(3)).toBe('有 3 个');
    expect(said('token')).toBe('有 token 个');
    expect(said('两')).toBe('有两个');
    expect(said('（a）')).toBe('有（a）个');
    expect(zh`有 ${3} 个`).toBe('有 3 个');
    expect(zh`${'/run'}的${'𠮷'}${'x'}`).toBe('/run 的𠮷 x');
    expect(zh`${''}的`).toBe('的');
  });

  it('names are listed in each language', () => {
    expect(oneOf([])).toEqual(verbatim(''));
    expect(oneOf(['a'])).toEqual(verbatim('a'));
    expect(oneOf(['a', 'b', 'c'])).toEqual({ en: 'a, b or c', zh: 'a、b 或 c' });
    expect(allOf(['a', 'b'])).toEqual({ en: 'a and b', zh: 'a 和 b' });
    expect(
      allOf([
        { en: 'the cluster', zh: '集群' },
        { en: 'the language', zh: '语言' },
      ]),
    ).toEqual({
      en: 'the cluster and the language',
      zh: '集群和语言',
    });
  });
});
