import { EdgeError, type FailureTexts, PASSING } from '../core/failure.ts';
import { Secret } from '../core/secret.ts';
import { en, type Text, zh } from '../core/text.ts';
import { MINUTE } from '../core/time.ts';
import { endsProblem, isPlaceholder, oddity, type Shape } from '../schema/odd-text.ts';
import { stat } from '../system/fs/files.ts';
import { readProblem } from '../system/fs/read-problem.ts';
import { type FileMemo, fileMemo } from '../system/fs/read-regular-file.ts';
import type { SecretSource } from './config.ts';
import { encodingProblem } from './read/file.ts';
import { inputReader, type ReadInput } from './read/input.ts';

/** Longest AppSecret that is accepted, in characters: more than any AppSecret has. */
const LONGEST_SECRET = 4096;

/**
 * Largest secret file that is read, in bytes. A file that is somewhat too long is still read, so that the message can
 * say what is wrong with it.
 */
const LARGEST_FILE = 2 * LONGEST_SECRET;

/**
 * Returns a function that reads the AppSecret again at every call, so that a replaced file takes effect at once. For
 * a file, the function rejects like {@link readSecretFile}.
 */
export function secretReader(source: SecretSource): () => Promise<Secret> {
  if ('file' in source)
    return source.awaited
      ? () => readAwaited(source.file)
      : () => readSecretFile(source.file, inputReader(), IF_GONE);
  if ('value' in source) return async () => source.value;
  if ('none' in source) {
    return async () => {
      throw new TypeError('this type of credential has no secret');
    };
  }
  return async () => {
    throw unusable(source.unset, { en: 'is not set here', zh: '在这里没有设置' });
  };
}

/** The code of a failure: the daemon itself has not written the secret file yet, here or anywhere. */
export const SECRET_AWAITED = 'secret-awaited';

/** Reads a file that the daemon itself writes. @throws {EdgeError} as {@link readSecretFile}, or {@link SECRET_AWAITED} */
async function readAwaited(path: string): Promise<Secret> {
  try {
    return await readSecretFile(path, inputReader(), UNTIL_AUTHORISED);
  } catch (error) {
    const isMissing = ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
    if (!(error instanceof EdgeError) || !isMissing) throw error;
    const what: Text = { en: 'is not there yet', zh: '还不存在' };
    const { failure } = unusable(path, what, UNTIL_AUTHORISED);
    throw new EdgeError({ ...failure, code: SECRET_AWAITED }, { cause: error.cause });
  }
}

/** Returns a function that returns what is known of a secret file, one for each file; a changed file is read again. */
export function createSecretFiles(): (path: string) => FileMemo<Secret> {
  const readers = new Map<string, FileMemo<Secret>>();
  return (path) => {
    const reader = readers.get(path) ?? fileMemo(path, secretReader({ file: path }));
    readers.set(path, reader);
    return reader;
  };
}

/**
 * Reads a key of pushes, anew at every call.
 * @param what it is, for messages
 * @param readInput reads it as a part of the configuration
 * @throws {EdgeError} `secret-unusable`
 */
export function readPushKey(
  path: string,
  what: 'Token' | 'EncodingAESKey',
  readInput?: ReadInput,
): Promise<Secret> {
  const given = readInput ?? inputReader();
  // Blanks around it come with copying, and so do lines into which a long key was broken.
  const read: ReadInput = async (file, largest) => {
    const text = await given(file, largest);
    return what === 'Token' ? text.trim() : text.replace(/\s/g, '');
  };
  return readSecretFile(path, read, readInput ? undefined : IF_GONE, what);
}

/**
 * Reads an AppSecret from a file.
 * @param ifMissing advice for a file that is not there
 * @param what it holds
 * @throws {EdgeError} `secret-unusable`; no message contains the content of the file
 */
export async function readSecretFile(
  path: string,
  readInput: ReadInput,
  ifMissing?: Text,
  what = 'AppSecret',
): Promise<Secret> {
  const text = await readInput(path, LARGEST_FILE).catch(async (error: NodeJS.ErrnoException) => {
    const { problem, advice } = await readProblem(path, error);
    throw unusable(path, problem, error.code === 'ENOENT' ? ifMissing : advice, error, what);
  });
  const { secret, problem } = parseSecret(text, what);
  if (!secret) throw unusable(path, problem, undefined, undefined, what);
  return secret;
}

/**
 * Extracts the AppSecret from the content of a file or variable. Editors and `echo` append a newline, and some
 * editors prepend a byte order mark; neither is part of the AppSecret.
 * @returns the AppSecret, or the reason why there is none
 */
export function parseSecret(
  text: string,
  what = 'AppSecret',
):
  | { readonly secret: Secret; readonly problem?: never }
  | { readonly secret?: never; readonly problem: Text } {
  const value = text.replace(/^\ufeff/, '').replace(/\r?\n$/, '');
  if (value === '') return { problem: { en: 'is empty', zh: '是空的' } };
  if (isPlaceholder(value))
    return {
      problem: {
        en: `is the placeholder of an example: put the ${what} there`,
        zh: `是示例里的占位符：请换成 ${what}`,
      },
    };
  const ends = encodingProblem(text) === undefined ? endsProblem(value) : undefined;
  if (ends) return { problem: { en: en`${alone(what)}: it ${ends}`, zh: zh`${alone(what)}：${ends}` } };
  // Only visible ASCII is accepted: text that is copied from a web page may contain invisible blanks.
  if (value.length <= LONGEST_SECRET && /^[!-~]+$/.test(value)) return { secret: new Secret(value) };
  const odd = oddity(value, VISIBLE, true);
  const only = alone(what);
  const told = odd ? { en: en`${only}: ${odd}`, zh: zh`${only}：${odd}` } : only;
  return { problem: encodingProblem(text) ?? told };
}

function alone(what: string): Text {
  return {
    en: `must hold the ${what} alone, on one line and without blanks`,
    zh: `里只能有 ${what}，占一行，没有空白`,
  };
}

const VISIBLE: Shape = {
  allowed: /[!-~]/,
  words: { en: 'visible characters of ASCII', zh: 'ASCII 可见字符' },
};

/** Tells whether every user may read a file. Docker and Kubernetes mount secrets so by default. */
export async function isExposed(path: string): Promise<boolean> {
  return await stat(path).then(
    ({ mode }) => (mode & 0o004) !== 0,
    () => false,
  );
}

/** Advice for a file that the daemon writes itself. */
const UNTIL_AUTHORISED: Text = {
  en: 'the daemon writes it when the corp authorises the suite; if it has done so before, have its admin authorise the app again',
  zh: '企业授权该应用后由守护进程写入；如果之前已经授权过，请企业的管理员重新授权该应用',
};

/** Advice for a file that was there when the daemon started. */
const IF_GONE: Text = {
  en: 'put it back, or mount its volume again',
  zh: '把它放回去，或重新挂载它的卷',
};

function unusable(path: string, what: Text, advice?: Text, cause?: unknown, name = 'AppSecret'): EdgeError {
  const failure: FailureTexts = {
    class: 'passing',
    code: 'secret-unusable',
    message: {
      en: en`${path.startsWith('/') ? 'the secret file' : 'the secret variable'} ${path} ${what}`,
      zh: zh`${path.startsWith('/') ? `${name} 文件` : `${name} 变量`} ${path} ${what}`,
    },
    ...(advice && { advice }),
    effect: 'unsent',
    backoff: { ...PASSING, cap: MINUTE },
    blamesSecret: true,
  };
  return new EdgeError(failure, { cause });
}
