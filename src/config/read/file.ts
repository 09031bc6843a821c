import { basename } from 'node:path';
import { en, type Text, zh } from '../../core/text.ts';
import { whyUnreadable } from '../../system/fs/read-problem.ts';
import type { ReadInput } from './input.ts';
import { isMapping, type Mapping } from './mapping.ts';
import type { YamlFile } from './yaml.ts';

/** Bytes: a thousand for each of two thousand accounts. A larger file is not a configuration. */
const LARGEST = 2 * 1024 * 1024;

const NOT_TEXT: Text = { en: 'is not valid UTF-8', zh: '不是有效的 UTF-8' };

/** A configuration file that was read: its document, or the problem why there is none. */
export type ConfigFile = {
  readonly name: string;
  /** What it holds, where it could be read and is text. */
  readonly text?: string;
} & (
  | { readonly yaml: YamlFile; readonly document: Mapping; readonly problem?: never }
  | { readonly yaml?: YamlFile; readonly document?: never; readonly problem?: Text }
);

/**
 * Reads a configuration file in YAML or JSON. Never rejects: the result holds everything that is wrong with the file.
 */
export async function readConfigFile(path: string, readInput: ReadInput): Promise<ConfigFile> {
  const name = basename(path);
  const found = await readInput(path, LARGEST).then(
    (text) => ({ text }),
    async (error) => ({ problem: await whyUnreadable(path, error) }),
  );
  if ('problem' in found) return { name, problem: found.problem };
  const text = found.text.replace(/^\ufeff/, '');
  const odd = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]/.exec(text);
  if (odd) {
    const line = text.slice(0, odd.index).split('\n').length;
    const why = encodingProblem(text) ?? NOT_TEXT;
    const problem: Text = {
      en: en`${path} ${why} (line ${line})`,
      zh: zh`${path} ${why}（第 ${line} 行）`,
    };
    return { name, problem };
  }
  // The parser is loaded only when needed: most daemons are configured by their environment.
  const { readYaml } = await import('./yaml.ts');
  const yaml = readYaml(text);
  const { value } = yaml;
  if (isMapping(value)) return { name, text, yaml, document: value };
  if (value === null) return { name, yaml, problem: { en: `${path} is empty`, zh: `${path} 是空的` } };
  if (yaml.problems.length > 0) return { name, text, yaml };
  const what: Text = Array.isArray(value)
    ? { en: 'a list', zh: '一个列表' }
    : { en: 'a single value', zh: '单个值' };
  return {
    name,
    yaml,
    problem: {
      en: en`${path} must hold keys with their values, credentials: among them, and holds ${what}`,
      zh: zh`${path} 里应当是配置项及其值，包括 credentials:，而现在是${what}`,
    },
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
