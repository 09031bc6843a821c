import { access, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { errcodeTables } from './errcode-table.ts';

const PAGE = 'docs/wechat-facts.md';

/** The cells of all tables of facts: each has five columns, and only they have. */
function factsOf(markdown: string): string[][] {
  const rows = markdown.split('\n').filter((line) => line.startsWith('| '));
  return rows
    .map((row) =>
      row
        .slice(2, -2)
        .split(' | ')
        .map((cell) => cell.trim()),
    )
    .filter(({ length, 0: first }) => length === 5 && first !== 'fact' && first !== '---');
}

describe('facts about WeChat', () => {
  it('the page shows every error code with the class and pause that the program gives it (npm run schema writes them)', async () => {
    const [, tables] = /<!-- codes -->\n([\s\S]*)\n<!-- \/codes -->/.exec(await readFile(PAGE, 'utf8')) ?? [];
    expect(tables).toBe(errcodeTables());
  });

  it('every fact has a known status, a source and the day on which it was seen', async () => {
    const facts = factsOf(await readFile(PAGE, 'utf8'));
    expect(facts.length).toBeGreaterThan(50);
    for (const [fact, status, source, seen, where] of facts) {
      expect(status, fact).toMatch(/^`(documented|observed|inferred)`$/);
      expect(source, fact).toMatch(/\S/);
      expect(seen, fact).toMatch(/^20\d\d-\d\d(-\d\d)?$/);
      expect(where, fact).toMatch(/\S/);
    }
  });

  it('what is documented names a page, and every page that is named has an address and is used', async () => {
    const markdown = await readFile(PAGE, 'utf8');
    const addresses = new Map(
      [...markdown.matchAll(/^\[([\w-]+)\]: (https:\S+)$/gm)].map(([, key, url]) => [key, url]),
    );
    const used = new Set([...markdown.matchAll(/\[([\w-]+)\](?!:)/g)].map(([, key]) => key));
    expect([...used].sort()).toEqual([...addresses.keys()].sort());
    for (const [fact, status, source] of factsOf(markdown)) {
      if (status === '`documented`') expect(source, fact).toMatch(/\[[\w-]+\]|the same page/);
    }
  });

  it('the folders that facts point to exist', async () => {
    const markdown = await readFile(PAGE, 'utf8');
    const paths = new Set([...markdown.matchAll(/`(src\/[\w./-]+)`/g)].map(([, path = '']) => path));
    expect(paths.size).toBeGreaterThan(5);
    for (const path of paths) await access(path);
  });
});
