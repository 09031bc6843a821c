import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** README.md and every page of docs/, by their paths from the root: the whole documentation in English. */
export async function pages(): Promise<readonly string[]> {
  const names = (await readdir(join(ROOT, 'docs'))).filter((name) => name.endsWith('.md'));
  return ['README.md', ...names.sort().map((name) => `docs/${name}`)];
}

export interface Translation {
  readonly english: string;
  readonly chinese: string;
}

/** The pages that exist in Chinese, each with its counterpart, by their paths from the root. */
export async function translations(): Promise<readonly Translation[]> {
  const names = (await readdir(join(ROOT, 'docs/zh-CN'))).filter((name) => name.endsWith('.md'));
  return [
    { english: 'README.md', chinese: 'README.zh-CN.md' },
    ...names.sort().map((name) => ({ english: `docs/${name}`, chinese: `docs/zh-CN/${name}` })),
  ];
}

/** @param path from the root */
export const textOf = (path: string): Promise<string> => readFile(join(ROOT, path), 'utf8');

/** All pages, one after the other. */
export async function documentation(): Promise<string> {
  return (await Promise.all((await pages()).map(textOf))).join('\n');
}

export interface CodeBlock {
  /** Empty where none is named. */
  readonly language: string;
  readonly code: string;
}

/** The blocks of code on a page, as they are written there. */
export function blocksOf(markdown: string): readonly CodeBlock[] {
  const found = markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm);
  return [...found].map(([, language = '', code = '']) => ({ language, code }));
}

/** The code of a language that holds a text, wherever in the documentation it is; the same on two pages is one. */
export async function codeWith(language: string, text: string): Promise<string> {
  const fitting = blocksOf(await documentation()).filter(
    (block) => block.language === language && block.code.includes(text),
  );
  const found = [...new Set(fitting.map(({ code }) => code))];
  const [code] = found;
  if (code === undefined || found.length > 1) {
    throw new Error(`${found.length} blocks of ${language} in README.md and docs/ hold ${text}`);
  }
  return code;
}

/** Without code, in which a line may look like a heading or a link. */
export function proseOf(markdown: string): string {
  return markdown.replace(/^```\w*\n[\s\S]*?^```$/gm, '');
}

/** As they are made for the headings of a page: `#one-refresher-for-a-cluster`. */
export function anchorsOf(markdown: string): readonly string[] {
  const headings = [...proseOf(markdown).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** The relative links of a page: a file from the root, and an anchor, which may be empty. */
export function linksOf(
  page: string,
  markdown: string,
): readonly { readonly file: string; readonly anchor: string }[] {
  const links = proseOf(markdown).matchAll(/\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)/g);
  return [...links].map(([, path = '', anchor = '']) => ({
    file: path === '' ? page : normalize(join(dirname(page), path)),
    anchor,
  }));
}

/** The text under a heading, up to the next one of its level or above. */
export function sectionOf(markdown: string, heading: string): string {
  const [, level = '', rest = ''] =
    new RegExp(`^(#+) ${heading}\\n([\\s\\S]*)`, 'm').exec(proseOf(markdown)) ?? [];
  if (level === '') throw new Error(`there is no heading ${heading}`);
  return rest.split(new RegExp(`^#{1,${level.length}} `, 'm'))[0] ?? '';
}

/** The parts of a page, each from its heading to the next one of any level, without code. */
export function sectionsOf(markdown: string): readonly string[] {
  return proseOf(markdown).split(/^(?=#+ )/m);
}

/** The cells of the rows of all tables in a text. */
export function rowsOf(markdown: string): readonly (readonly string[])[] {
  const lines = markdown.split('\n').filter((line) => /^\| (?!---)/.test(line));
  return lines.map((line) =>
    line
      .split('|')
      .map((cell) => cell.trim())
      .slice(1, -1),
  );
}
