import { describe, expect, it } from 'vitest';
import { takeCommon as take } from '../../../src/inspection/check/common.ts';
import type { SaidFact } from '../../../src/inspection/check/findings.ts';

const named = (facts: readonly (readonly SaidFact[])[], warnings: readonly (readonly string[])[] = []) =>
  facts.map((own, index) => ({
    name: `c${index}`,
    found: { facts: own, warnings: warnings[index] ?? [] },
  }));

const takeCommon = (credentials: Parameters<typeof take>[0]) => take(credentials, 'en');

describe('what several credentials have in common', () => {
  it('a fact of all credentials is said once, with the lines that belong to it', () => {
    const both: SaidFact[] = [
      ['proxy', 'none'],
      ['', 'as usual'],
    ];
    const { rest, common } = takeCommon(
      named([0, 1, 2].map((index): SaidFact[] => [...both, ['token', `/wx/${index}`]])),
    );
    expect(common.facts).toEqual([
      ['proxy', 'none (all 3)'],
      ['', 'as usual'],
    ]);
    expect(rest.map(({ facts }) => facts)).toEqual([0, 1, 2].map((index) => [['token', `/wx/${index}`]]));
  });

  it('a fact of some credentials names them, and that of the others stays with them', () => {
    const words = ['none', 'none', 'http://127.0.0.1:3128', 'none'];
    const { rest, common } = takeCommon(named(words.map((text): SaidFact[] => [['proxy', text]])));
    expect(common.facts).toEqual([['proxy', 'none (all 4 but c2)']]);
    expect(rest.map(({ facts }) => facts)).toEqual([[], [], [['proxy', 'http://127.0.0.1:3128']], []]);
  });

  it('what is said of several paths is said once, and each credential keeps its path', () => {
    const said = ['raw; mode 0640', 'raw; mode 0640', 'raw; mode 0600', 'raw; mode 0640'];
    const { rest, common } = takeCommon(
      named(
        said.map((words, index): SaidFact[] => [
          ['token', `/wx/${index}: ${words}`],
          ['jsapi', 'wx-token/ticket: raw'],
          ['reached', `https://wx.example.com:${index}, in 7 ms`],
        ]),
      ),
    );
    expect(common.facts).toEqual([
      ['jsapi', 'wx-token/ticket: raw (all 4)'],
      ['token', 'raw; mode 0640 (all 4 but c2)'],
    ]);
    expect(rest.map(({ facts }) => facts[0])).toEqual([
      ['token', '/wx/0'],
      ['token', '/wx/1'],
      ['token', '/wx/2: raw; mode 0600'],
      ['token', '/wx/3'],
    ]);
    expect(rest[1]?.facts[1]).toEqual(['reached', 'https://wx.example.com:1, in 7 ms']);
  });

  it('how long answers took divides nothing, and is shown as a range', () => {
    const took = ['5 ms', '2 ms', '5 ms', '303 ms', '2 ms'];
    const { rest, common } = takeCommon(
      named(took.map((time): SaidFact[] => [['reached', `https://wx.example.com, in ${time}`]])),
    );
    expect(common.facts).toEqual([['reached', 'https://wx.example.com, in 2 to 303 ms (all 5)']]);
    expect(rest.map(({ facts }) => facts)).toEqual([[], [], [], [], []]);
    const failed = takeCommon(
      named(
        took.map((time): SaidFact[] => [['no answer', `https://wx.example.com, after ${time}: refused`]]),
      ),
    );
    expect(failed.common.facts).toEqual([
      ['no answer', 'https://wx.example.com, after 2 to 303 ms: refused (all 5)'],
    ]);
    const alike = takeCommon(
      named(took.map((): SaidFact[] => [['reached', 'https://wx.example.com, in 5 ms']])),
    );
    expect(alike.common.facts).toEqual([['reached', 'https://wx.example.com, in 5 ms (all 5)']]);
  });

  it('the lines that belong to a path are said once with it, where they are the same', () => {
    const folder = (index: number, more: string): SaidFact[] => [
      ['folder', `/wx/${index}: writable`],
      ['', more],
    ];
    const { rest, common } = takeCommon(
      named([0, 1, 2, 3].map((index) => folder(index, index === 3 ? 'b' : 'a'))),
    );
    expect(common.facts).toEqual([
      ['folder', 'writable (all 4 but c3)'],
      ['', 'a'],
    ]);
    expect(rest.map(({ facts }) => facts)).toEqual([
      [['folder', '/wx/0']],
      [['folder', '/wx/1']],
      [['folder', '/wx/2']],
      folder(3, 'b'),
    ]);
  });

  it('those that differ are named where they are fewer', () => {
    const words = ['a', 'a', 'b', 'a', 'a', 'a', 'a', 'a'];
    const { common } = takeCommon(named(words.map((text): SaidFact[] => [['proxy', text]])));
    expect(common.facts).toEqual([['proxy', 'a (all 8 but c2)']]);
  });

  it('warnings that differ in their paths alone are one, and others are not', () => {
    const warnings = [
      ['everyone may read /a: chmod o=', 'rare'],
      ['everyone may read /b: chmod o=', 'a budget of 5'],
      ['everyone may read /c/d: chmod o=', 'a budget of 6'],
      ['a budget of 7'],
    ];
    const { rest, common } = takeCommon(named([[], [], [], []], warnings));
    expect(common.warnings).toEqual([
      'everyone may read /a: chmod o= (all 4 but c3, with paths of their own)',
    ]);
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
    const fact: SaidFact[] = [['proxy', 'none']];
    const answer: SaidFact[] = [['answer', '40164 not on the IP whitelist']];
    expect(takeCommon(named([fact, fact])).common).toEqual({ facts: [], warnings: [] });
    expect(takeCommon(named([answer, answer, answer])).rest.map(({ facts }) => facts)).toEqual([
      answer,
      answer,
      answer,
    ]);
  });
});
