import { readFile } from 'node:fs/promises';
import { EdgeError, PASSING } from '../core/failure.ts';
import { Secret } from '../core/secret.ts';
import { MINUTE } from '../core/time.ts';
import type { SecretSource } from './config.ts';

/** Larger than any AppSecret, small enough to read blindly. */
const LARGEST = 4096;

/** Reads the AppSecret anew at every call, so that a file that was replaced counts at once. */
export function secretReader(source: SecretSource): () => Promise<Secret> {
  return 'file' in source ? () => readSecretFile(source.file) : async () => source.value;
}

/**
 * Reads an AppSecret.
 * @throws {EdgeError} `secret-unusable`; what the file holds is in no message
 */
export async function readSecretFile(path: string): Promise<Secret> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw unusable(path, `cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  const { secret, problem } = parseSecret(text);
  if (!secret) throw unusable(path, problem);
  return secret;
}

/**
 * The AppSecret in a text, or why there is none. Editors and `echo` leave one trailing newline, some a byte order
 * mark; neither is part of it.
 */
export function parseSecret(
  text: string,
):
  | { readonly secret: Secret; readonly problem?: never }
  | { readonly secret?: never; readonly problem: string } {
  const value = text.replace(/^\ufeff/, '').replace(/\r?\n$/, '');
  if (value === '') return { problem: 'is empty' };
  // Visible ASCII alone: what is copied from a web page may bring blanks that nobody sees.
  if (value.length <= LARGEST && /^[!-~]+$/.test(value)) return { secret: new Secret(value) };
  return { problem: 'must hold the AppSecret alone, on one line and without blanks' };
}

function unusable(path: string, what: string): EdgeError {
  return new EdgeError({
    class: 'passing',
    code: 'secret-unusable',
    message: `the secret file ${path} ${what}`,
    effect: 'unsent',
    backoff: { ...PASSING, cap: MINUTE },
  });
}
