import { en, type Text, zh } from '../../core/text.ts';
import { whyUnreadable } from '../../system/fs/read-problem.ts';
import { certificatesProblem } from '../../system/net/pem.ts';
import type { ReadInput } from '../read/input.ts';

/** The certificates in a file, or the reason why it has none. */
export type Authorities =
  | { readonly pem: string; readonly problem?: never }
  | { readonly pem?: never; readonly problem: Text };

/** Largest certificate file, in bytes: several times the size of the bundle of an operating system. */
const LARGEST_BUNDLE = 4 * 1024 * 1024;

/** Reads a file of CA certificates in PEM. Never rejects: `problem` says why the file cannot be used. */
export async function readAuthorities(path: string, readInput: ReadInput): Promise<Authorities> {
  try {
    const text = await readInput(path, LARGEST_BUNDLE);
    const problem = certificatesProblem(text);
    if (!problem) return { pem: text };
    return { problem: { en: en`${path} ${problem}`, zh: zh`${path} ${problem}` } };
  } catch (error) {
    return { problem: await whyUnreadable(path, error) };
  }
}
