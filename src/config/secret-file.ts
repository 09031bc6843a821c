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
 * Reads an AppSecret. Editors and `echo` leave one trailing newline, which is not part of it.
 * @throws {EdgeError} `secret-unusable`; what the file holds is in no message
 */
export async function readSecretFile(path: string): Promise<Secret> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw unusable(path, `cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  const value = text.replace(/^\ufeff/, '').replace(/\r?\n$/, '');
  if (value === '') throw unusable(path, 'is empty');
  if (value.length > LARGEST || /[\s\u0000-\u001f]/.test(value)) {
    throw unusable(path, 'must hold the AppSecret alone, on one line and without blanks');
  }
  return new Secret(value);
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
