import { stat } from 'node:fs/promises';
import { EdgeError, PASSING } from '../core/failure.ts';
import { Secret } from '../core/secret.ts';
import { MINUTE } from '../core/time.ts';
import { readRegularFile } from '../system/fs/read-regular-file.ts';
import type { SecretSource } from './config.ts';
import { encodingProblem } from './read/file.ts';

/** Characters: more than any AppSecret has. */
const LONGEST = 4096;

/** Bytes that are read of a secret file: of what is somewhat too long it is still said what is wrong with it. */
const LARGEST_FILE = 2 * LONGEST;

/** Reads the AppSecret anew at every call, so that a file that was replaced counts at once. */
export function secretReader(source: SecretSource): () => Promise<Secret> {
  return 'file' in source ? () => readSecretFile(source.file) : async () => source.value;
}

/**
 * Reads an AppSecret.
 * @throws {EdgeError} `secret-unusable`; what the file holds is in no message
 */
export async function readSecretFile(path: string): Promise<Secret> {
  // Secrets in volumes of Kubernetes are links, which a rotation turns to another file.
  const { text } = await readRegularFile(path, LARGEST_FILE, { followLinks: true }).catch(
    ({ code, message }: NodeJS.ErrnoException) => {
      throw unusable(path, `cannot be read (${code ?? message})`, ADVICE[code ?? '']);
    },
  );
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
  if (value.length <= LONGEST && /^[!-~]+$/.test(value)) return { secret: new Secret(value) };
  return {
    problem: encodingProblem(text) ?? 'must hold the AppSecret alone, on one line and without blanks',
  };
}

/** Whether everyone may read a file, as Docker and Kubernetes mount secrets by default. */
export async function isExposed(path: string): Promise<boolean> {
  return await stat(path).then(
    ({ mode }) => (mode & 0o004) !== 0,
    () => false,
  );
}

/** What a person can do about a file that was readable when the daemon started. */
const ADVICE: Readonly<Record<string, string>> = {
  EACCES:
    'let the user of the daemon read it, and enter the folders above it (in Kubernetes: securityContext.fsGroup)',
  ENOENT: 'put it back, or mount its volume again',
};

function unusable(path: string, what: string, advice?: string): EdgeError {
  return new EdgeError({
    class: 'passing',
    code: 'secret-unusable',
    message: `the secret file ${path} ${what}`,
    ...(advice && { advice }),
    effect: 'unsent',
    backoff: { ...PASSING, cap: MINUTE },
    blamesSecret: true,
  });
}
