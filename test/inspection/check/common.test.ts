import { describe, expect, it } from 'vitest';
import type { Fact } from '../../../src/core/findings.ts';
import { takeCommon } from '../../../src/inspection/check/common.ts';

const named = (facts: readonly (readonly Fact[])[], warnings: readonly (readonly string[])[] = []) =>
  facts.map((own, index) => ({
    name: `c${index}`,
    found: { facts: own, warnings: warnings[index] ?? [] },
  }));

describe('what several credentials have in common', () => {
  it('a fact of all credentials is said once, with the lines that belong to it', () => {
    const both: Fact[] = [
      ['proxy', 'none'],
      ['', 'as usual'],
    ];
    const { rest, common } = takeCommon(
      named([0, 1, 2].map((index): Fact[] => [...both, ['token', `/wx/${index}`]])),
    );
    expect(common.facts).toEqual([
      ['proxy', 'none (all 3)'],
      ['', 'as usual'],
    ]);
    expect(rest.map(({ facts }) => facts)).toEqual([0, 1, 2].map((index) => [['token', `/wx/${index}`]]));
  });

  it('a fact of some credentials names them, and that of the others stays with them', () => {
    const words = ['none', 'none', 'http://127.0.0.1:3128', 'none'];
    const { rest, common } = takeCommon(named(words.map((text): Fact[] => [['proxy', text]])));
    expect(common.facts).toEqual([['proxy', 'none (c0, c1, c3)']]);
    expect(rest.map(({ facts }) => facts)).toEqual([[], [], [['proxy', 'http://127.0.0.1:3128']], []]);
  });

  it('warnings that differ in their paths alone are one, and others are not', () => {
    const warnings = [
      ['everyone may read /a: chmod o=', 'rare'],
      ['everyone may read /b: chmod o=', 'a budget of 5'],
      ['everyone may read /c/d: chmod o=', 'a budget of 6'],
      ['a budget of 7'],
    ];
    const { rest, common } = takeCommon(named([[], [], [], []], warnings));
    expect(common.warnings).toEqual(['everyone may read /a: chmod o= (c0, c1, c2, with paths of their own)']);
    expect(rest.map((found) => found.warnings)).toEqual([
      ['rare'],
      ['a budget of 5'],
      ['a budget of 6'],
      ['a budget of 7'],
    ]);
  });

  it('what one credential warns of twice is not taken for that of two', () => {
    const own = [['may read /a', 'may read /b'], ['may read /c'], []];
    const { rest, common } = takeCommon(named([[], [], []], own));
    expect(common.warnings).toEqual([]);
    expect(rest.map(({ warnings }) => warnings)).toEqual(own);
  });

  it('two credentials say everything themselves, and answers always stay with their credential', () => {
    const fact: Fact[] = [['proxy', 'none']];
    const answer: Fact[] = [['answer', '40164 not on the IP whitelist']];
    expect(takeCommon(named([fact, fact])).common).toEqual({ facts: [], warnings: [] });
    expect(takeCommon(named([answer, answer, answer])).rest.map(({ facts }) => facts)).toEqual([
      answer,
      answer,
      answer,
    ]);
  });
});
