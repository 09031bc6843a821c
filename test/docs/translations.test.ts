import { dirname, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  anchorsOf,
  blocksOf,
  linksOf,
  proseOf,
  rowsOf,
  sectionOf,
  sectionsOf,
  textOf,
  translations,
} from './readme.ts';

const PAIRS = await translations();
const TRANSLATED = new Map(PAIRS.map(({ english, chinese }) => [english, chinese]));

/** What must be the same under a heading of both pages, whatever the language. */
interface Outline {
  readonly level: number;
  /** The number of columns of each row of the tables. */
  readonly rows: readonly number[];
  readonly items: number;
  readonly code: readonly string[];
}

const outlinesOf = (markdown: string): readonly Outline[] =>
  sectionsOf(markdown).map((section) => ({
    level: /^#*/.exec(section)?.[0].length ?? 0,
    rows: rowsOf(section).map(({ length }) => length),
    items: section.match(/^ *(?:-|\d+\.) /gm)?.length ?? 0,
    code: termsIn(section),
  }));

/** What stands in backticks, each once: keys, codes, paths and commands. */
function termsIn(section: string): readonly string[] {
  const terms = [...section.matchAll(/`([^`]+)`/g)].map(([, term = '']) => term.replaceAll(/\s+/g, ' '));
  return [...new Set(terms)].sort();
}

/** The numbers that are written in digits, outside of code and links. Chinese counts by 万, ten thousand. */
function numbersIn(section: string): readonly string[] {
  const words = section.replaceAll(/`[^`]+`|\]\([^)]*\)/g, ' ');
  return words.replaceAll(/([\d.]+) million/g, (_, n) => `${Number(n) * 100}`).match(/\d+(?:\.\d+)*/g) ?? [];
}

/** Where the links of a page lead; where that page exists in Chinese, to it and its heading of the same place. */
async function destinationsOf(page: string): Promise<readonly string[]> {
  const [, , line = ''] = (await textOf(page)).split('\n');
  const text = (await textOf(page)).replace(line, '');
  const found = linksOf(page, text).map(async ({ file, anchor }) => {
    const chinese = TRANSLATED.get(file) ?? file;
    if (anchor === '' || chinese === file) return `${chinese}#${anchor}`;
    return `${chinese}#${anchorsOf(await textOf(chinese))[anchorsOf(await textOf(file)).indexOf(anchor)]}`;
  });
  return (await Promise.all(found)).sort();
}

describe.each(PAIRS)('$chinese', ({ english, chinese }) => {
  it(`${chinese} and ${english} link to each other under their titles`, async () => {
    const lineOf = async (page: string) => (await textOf(page)).split('\n').slice(1, 4);
    const to = (page: string, from: string) => relative(dirname(from), page);
    expect(await lineOf(english)).toEqual(['', `English | [简体中文](${to(chinese, english)})`, '']);
    expect(await lineOf(chinese)).toEqual(['', `[English](${to(english, chinese)}) | 简体中文`, '']);
  });

  it(`${chinese} has the headings, tables, lists and terms in backticks of ${english}, in the same order`, async () => {
    const headings = sectionsOf(await textOf(chinese)).map((section) => section.split('\n')[0]);
    const named = (outlines: readonly Outline[]) =>
      outlines.map((outline, index) => ({ heading: headings[index], ...outline }));
    expect(named(outlinesOf(await textOf(chinese)))).toEqual(named(outlinesOf(await textOf(english))));
  });

  it(`${chinese} names under each heading every number that ${english} has there`, async () => {
    const translated = sectionsOf(await textOf(chinese)).map(numbersIn);
    for (const [index, section] of sectionsOf(await textOf(english)).entries()) {
      const missing = numbersIn(section).filter((number) => !translated[index]?.includes(number));
      expect(missing, section.split('\n')[0]).toEqual([]);
    }
  });

  it(`${chinese} shows the code of ${english}, byte for byte`, async () => {
    expect(blocksOf(await textOf(chinese))).toEqual(blocksOf(await textOf(english)));
  });

  it(`${chinese} links to what ${english} links to, in Chinese where that exists`, async () => {
    expect(await destinationsOf(chinese)).toEqual(await destinationsOf(english));
  });

  it(`${chinese} has no heading twice, so that every anchor leads to one place`, async () => {
    const anchors = anchorsOf(await textOf(chinese));
    expect(anchors).toEqual([...new Set(anchors)]);
  });

  it(`${chinese} leaves no sentence in English`, async () => {
    const words = proseOf(await textOf(chinese)).replaceAll(/`[^`]+`|\]\([^)]*\)|"[^"]+"/g, '·');
    expect(words.match(/(?:\b[a-z]+ ){4,}/gi)).toBeNull();
  });
});

describe('README.zh-CN.md', () => {
  it('the index of README.zh-CN.md says of every page that exists in English alone that it is in English', async () => {
    const index = sectionOf(await textOf('README.zh-CN.md'), '文档');
    const rows = index.split('\n').filter((line) => line.startsWith('| ['));
    for (const row of rows) {
      const [{ file = '' } = {}] = linksOf('README.zh-CN.md', row);
      expect(row.includes('（英文）'), file).toBe(!file.startsWith('docs/zh-CN/'));
    }
    expect(rows.length).toBeGreaterThan(10);
  });
});
