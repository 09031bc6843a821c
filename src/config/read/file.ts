import { basename } from 'node:path';
import type { Text } from '../../core/text.ts';
import { whyUnreadable } from '../../system/fs/read-problem.ts';
import type { ReadInput } from './input.ts';
import { isMapping, type Mapping } from './mapping.ts';
import type { YamlFile } from './yaml.ts';

/** Bytes: a thousand for each of two thousand accounts. A larger file is not a configuration. */
const LARGEST = 2 * 1024 * 1024;

const NOT_TEXT = 'is not valid UTF-8';

/** A configuration file that was read: its document, or the problem why there is none. */
export type ConfigFile = { readonly name: string } & (
  | { readonly yaml: YamlFile; readonly document: Mapping; readonly problem?: never }
  | { readonly yaml?: YamlFile; readonly document?: never; readonly problem?: string }
);

/**
 * Reads a configuration file in YAML or JSON. Never rejects: the result holds everything that is wrong with the file.
 */
export async function readConfigFile(path: string, readInput: ReadInput): Promise<ConfigFile> {
  const name = basename(path);
  const found = await readInput(path, LARGEST).then(
    (text) => ({ text }),
    async (error) => ({ problem: (await whyUnreadable(path, error)).en }),
  );
  if ('problem' in found) return { name, problem: found.problem };
  const text = found.text.replace(/^\ufeff/, '');
  const odd = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]/.exec(text);
  if (odd) {
    const line = text.slice(0, odd.index).split('\n').length;
    return { name, problem: `${path} ${encodingProblem(text)?.en ?? NOT_TEXT} (line ${line})` };
  }
  // The parser is loaded only when needed: most daemons are configured by their environment.
  const { readYaml } = await import('./yaml.ts');
  const yaml = readYaml(text);
  const { value } = yaml;
  if (isMapping(value)) return { name, yaml, document: value };
  if (value === null) return { name, yaml, problem: `${path} is empty` };
  if (yaml.problems.length > 0) return { name, yaml };
  const what = Array.isArray(value) ? 'a list' : 'a single value';
  return {
    name,
    yaml,
    problem: `${path} must hold keys with their values, credentials: among them, and holds ${what}`,
  };
}

/**
 * Explains why a text that was read as UTF-8 is not UTF-8. Windows editors save UTF-16, in which every second byte of
 * Latin text is 0.
 * @returns undefined when the reason cannot be told
 */
export function encodingProblem(text: string): Text | undefined {
  const zeros = text.split('\0').length - 1;
  const hasMark = text.startsWith('\ufffd\ufffd');
  if (zeros > 0 && (hasMark || zeros * 3 > text.length))
    return { en: 'looks like UTF-16: save it as UTF-8', zh: '看起来是 UTF-16：请存为 UTF-8' };
  return zeros > 0
    ? { en: 'holds a NUL, the character of code 0', zh: '里有 NUL（编码为 0 的字符）' }
    : undefined;
}
