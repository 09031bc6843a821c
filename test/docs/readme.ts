import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const README = fileURLToPath(new URL('../../README.md', import.meta.url));

/** The code of a language in the README that holds a text, as it is written there. */
export async function codeWith(language: string, text: string): Promise<string> {
  const readme = await readFile(README, 'utf8');
  const blocks = [...readme.matchAll(/```(\w+)\n([\s\S]*?)```/g)];
  const found = blocks.filter(([, name, code]) => name === language && code?.includes(text));
  if (found.length !== 1) throw new Error(`${found.length} blocks of ${language} in the README hold ${text}`);
  return found[0]?.[2] ?? '';
}
