import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** README.md and every page of docs/, by their paths from the root: the whole documentation in English. */
export async function pages(): Promise<readonly string[]> {
  const names = (await readdir(join(ROOT, 'docs'))).filter((name) => name.endsWith('.md'));
  return ['README.md', ...names.sort().map((name) => `docs/${name}`)];
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
