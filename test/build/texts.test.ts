import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';

/** A text as it stands in the source: `{ en: …, zh: … }`. */
interface Pair {
  readonly where: string;
  readonly en: string;
  readonly zh: string;
}

/** Names that are the same in both languages, or have no word in Chinese. */
const NAMES = new Set([
  "'the AppSecret'",
  "'tokens are'",
  "'Redis'",
  "'append-only file'",
  "'secret'",
  "'tokens'",
  '`pid `',
  "' and '",
]);

/** Values that have an article in English. */
const ARTICLES = new Set(['fields.article']);

const withoutParts = (text: string) => text.replaceAll(/\$\{[^}]*\}/g, '');

const OPENING = '([{';
const CLOSING = ')]}';

/** The expression that begins there: up to the comma or bracket that ends it, whatever strings in it hold. */
function expressionAt(source: string, start: number): string {
  let depth = 0;
  let quote: string | undefined;
  for (let at = start; at < source.length; at += 1) {
    const character = source[at] ?? '';
    if (quote !== undefined) {
      if (character === '\\') at += 1;
      else if (character === quote) quote = undefined;
      // Parts of a template hold no strings of their own kind here.
    } else if (`'"\``.includes(character)) quote = character;
    else if (OPENING.includes(character)) depth += 1;
    else if (CLOSING.includes(character) || character === ',') {
      if (depth === 0) return source.slice(start, at).trim();
      if (character !== ',') depth -= 1;
    }
  }
  throw new Error(`no end: ${source.slice(start, start + 80)}`);
}

async function pairs(): Promise<readonly Pair[]> {
  const found: Pair[] = [];
  const names = await readdir('src', { recursive: true });
  for (const path of names.filter((name) => name.endsWith('.ts')).map((name) => `src/${name}`)) {
    const source = await readFile(path, 'utf8');
    for (const { index, 0: key } of source.matchAll(/\ben: /g)) {
      const en = expressionAt(source, index + key.length);
      // What passes on the texts of others, or joins them, says nothing itself.
      if (!/^(en)?['`"]/.test(en) || !/[a-z]{2}/i.test(withoutParts(en.slice(2)))) continue;
      const rest = source
        .slice(index + key.length)
        .trimStart()
        .slice(en.length);
      const [between] = /^[,\s]*zh: /.exec(rest) ?? [];
      const where = `${path}: ${en.slice(0, 60)}`;
      if (between === undefined) throw new Error(`${where} stands without its Chinese beside it`);
      found.push({ where, en, zh: expressionAt(rest, between.length) });
    }
  }
  return found;
}

const SAID = await pairs();

/** The values that stand in a text, where they are no texts of their own. */
const partsOf = (text: string) =>
  [...text.matchAll(/\$\{([\w.]+)\}/g)].map(([, part = '']) => part).filter((part) => !ARTICLES.has(part));
const termsOf = (text: string) => (text.match(/\\`[^`]+\\`/g) ?? []).sort();

describe('texts in two languages', () => {
  it('every text of the program says something of its own in Chinese', () => {
    expect(SAID.length).toBeGreaterThan(500);
    const same = SAID.filter(
      ({ en, zh }) =>
        !NAMES.has(withoutParts(en)) &&
        (en === zh || !/[\p{Script=Han}\u3000-\u303f\uff00-\uffef]/u.test(zh)),
    );
    expect(same).toEqual([]);
  });

  it('every text of the program tells in Chinese the same values as in English', () => {
    const missing = SAID.flatMap(({ where, en, zh }) =>
      partsOf(en)
        .filter((part) => !partsOf(zh).includes(part))
        .map((part) => `${where} lacks ${part}`),
    );
    expect(missing).toEqual([]);
  });

  it('every text of the program has the commands and names of its English in Chinese', () => {
    const unlike = SAID.filter(({ en, zh }) => termsOf(en).join() !== termsOf(zh).join());
    expect(unlike).toEqual([]);
  });

  it('no text of the program speaks Chinese in its English but in parentheses, names of places and of accounts', () => {
    const odd = SAID.filter(({ en }) => /[，。；：！？]/.test(en.replaceAll(/（[^）]*）|\([^)]*\)/g, '')));
    expect(odd).toEqual([]);
  });

  it('no text of the program has a colon behind the name of a secret, since the log takes what follows for its value', () => {
    const whole = ({ en, zh }: Pair) => [en, zh].map((text) => text.replaceAll(/['"`]\s*\+\s*['"`]/g, ''));
    const hidden = SAID.filter((pair) =>
      whole(pair).some((text) => /(secret|access_token|ticket)\s?[:=]\s[^\s$]/i.test(text)),
    );
    expect(hidden).toEqual([]);
  });
});
