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

/** What must be the same in a passage of both pages, whatever the language. */
interface Facts {
  readonly terms: readonly string[];
  readonly numbers: readonly string[];
}

interface Outline extends Facts {
  readonly heading: string;
  readonly items: number;
  readonly rows: readonly (Facts & { readonly columns: number })[];
}

/** @param headings what the sections are called in a failure: the same for both pages */
const outlinesOf = (markdown: string, headings: readonly string[]): readonly Outline[] =>
  sectionsOf(markdown).map((section, index) => ({
    heading: `${/^#*/.exec(section)} ${headings[index]}`,
    items: section.match(/^ *(?:-|\d+\.) /gm)?.length ?? 0,
    ...factsOf(section),
    rows: rowsOf(section).map((cells) => ({ columns: cells.length, ...factsOf(cells.join(' ')) })),
  }));

const factsOf = (text: string): Facts => ({ terms: termsIn(text), numbers: numbersIn(text) });

/** What stands in backticks, each once: keys, codes, paths and commands. */
function termsIn(text: string): readonly string[] {
  const terms = [...text.matchAll(/`([^`]+)`/g)].map(([, term = '']) => term.replaceAll(/\s+/g, ' '));
  return [...new Set(terms)].sort();
}

/** Each number in digits once, outside of code and links. Chinese counts by 万, ten thousand. */
function numbersIn(text: string): readonly string[] {
  const words = text.replaceAll(/`[^`]+`|\]\([^)]*\)/g, ' ');
  const counted = words.replaceAll(/([\d.]+) million/g, (_, millions) => `${Number(millions) * 100}`);
  return [...new Set(counted.match(/\d+(?:\.\d+)*/g))].sort();
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

  it(`${chinese} has the headings, tables, lists, terms in backticks and numbers of ${english}, in the same order`, async () => {
    const headings = sectionsOf(await textOf(chinese)).map((section) => section.split('\n')[0] ?? '');
    const expected = outlinesOf(await textOf(english), headings);
    expect(outlinesOf(await textOf(chinese), headings)).toEqual(expected);
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
