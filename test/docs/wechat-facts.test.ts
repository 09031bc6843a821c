import { access, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { FAMILIES } from '../../src/core/errcodes/index.ts';
import type { ErrcodeRule } from '../../src/core/errcodes/rule.ts';
import { LANGUAGES } from '../../src/core/text.ts';

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

/** A place in a console, as texts write it: `host → part → part`. */
const PLACE = /((?:[\w-]+\.)+qq\.com)((?:\/[\w/]+)?)((?: → [^→\s；;：:，,。.)）|]+)*)/gu;

/** Hosts that are called by programs, and pages of documentation. */
const NO_CONSOLE = /^(api[\w]*|qyapi|bots|sh\.api|sz\.api|hk\.api|api2|developer\.work)\./;

function placesIn(text: string): readonly { readonly place: string; readonly words: readonly string[] }[] {
  return [...text.matchAll(PLACE)].flatMap(([place, host = '', path = '', parts = '']) =>
    NO_CONSOLE.test(host) || path.startsWith('/doc/') || path.startsWith('/community/')
      ? []
      : [
          {
            place,
            words: [
              `${host}${path}`,
              ...parts.split(' → ').filter((part) => part !== '' && /\p{Script=Han}/u.test(part)),
            ],
          },
        ],
  );
}

describe('facts about WeChat', () => {
  it('every place in a console that advice or a README names is one of the page, with its source and day', async () => {
    const [, consoles = ''] = /^## Consoles\n([\s\S]*?)^## /m.exec(await readFile(PAGE, 'utf8')) ?? [];
    const rules = Object.values(FAMILIES).flatMap(({ unknown, ...endpoints }) => [
      unknown,
      ...Object.values(endpoints).flatMap(Object.values<ErrcodeRule>),
    ]);
    const advice = rules.flatMap((rule) => LANGUAGES.map((language) => rule.advice?.[language] ?? ''));
    const readmes = await Promise.all(['README.md', 'README.zh-CN.md'].map((path) => readFile(path, 'utf8')));
    const named = [...advice, ...readmes].flatMap(placesIn);
    expect(new Set(named.map(({ place }) => place)).size).toBeGreaterThan(12);
    const rows = consoles.split('\n').filter((line) => line.startsWith('| '));
    const unknown = named.filter(
      ({ words }) => !rows.some((row) => words.every((word) => row.includes(word))),
    );
    expect([...new Set(unknown.map(({ place }) => place))]).toEqual([]);
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
