import { EdgeError, type FailureTexts, PASSING } from '../core/failure.ts';
import { en, type Text, verbatim, zh } from '../core/text.ts';
import { MINUTE } from '../core/time.ts';
import { whyUnreadable } from '../system/fs/read-problem.ts';
import { readRegularFile } from '../system/fs/read-regular-file.ts';
import { marksOf } from '../system/fs/watch-files.ts';
import { certificatesProblem, identityProblem } from '../system/net/pem.ts';
import type { Login, RedisConfig, TlsFiles } from './connection-types.ts';

/** Size limit in bytes: several times what an operating system's bundle of authorities takes. */
const LARGEST = 4 * 1024 * 1024;

/** Longest password that is accepted, in characters; tokens that clouds hand out as passwords take up to 2 KiB. */
const LONGEST_PASSWORD = 16 * 1024;

/** What proves to a server who connects. */
export interface Identity {
  readonly username?: string;
  readonly password: string;
}

/** The TLS settings of a connection; certificates and keys as PEM text. */
export interface Trust {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** The content of the files of a connection. */
export interface Credentials {
  readonly login?: Identity;
  /** The login at the Sentinels. */
  readonly sentinelLogin?: Identity;
  readonly tls?: Trust;
}

/** Paths of all files of a connection. */
function filesOf({ endpoint, login, tls }: RedisConfig): readonly string[] {
  const sentinel = endpoint.kind === 'sentinel' ? endpoint.login : undefined;
  const all = [login?.passwordFile, sentinel?.passwordFile, tls?.caFile, tls?.certFile, tls?.keyFile];
  return all.filter((path) => path !== undefined);
}

/** What changes when one of the files of a connection is replaced. */
export function credentialMarks(config: RedisConfig): Promise<string> {
  return marksOf(filesOf(config));
}

/**
 * Reads all files of a connection.
 * @throws {EdgeError} `redis-credentials`, which quotes no content: the files may be repaired, or appear, while the daemon
 *   runs
 */
export async function readCredentials(config: RedisConfig, where: Text): Promise<Credentials> {
  const { endpoint, login, tls } = config;
  const sentinel = endpoint.kind === 'sentinel' ? endpoint.login : undefined;
  return {
    ...(login && { login: await readLogin(login, where) }),
    ...(sentinel && { sentinelLogin: await readLogin(sentinel, where) }),
    ...(tls && { tls: await readTrust(tls, where) }),
  };
}

async function readLogin({ username, passwordFile }: Login, where: Text): Promise<Identity> {
  const password = contentOf(await readPassword(passwordFile), where);
  return { ...(username !== undefined && { username }), password };
}

/** What is in a file, or why it cannot be used, in a sentence that names the file. */
export type FileReading<T> =
  | { readonly value: T; readonly problem?: never; readonly cause?: never }
  | { readonly value?: never; readonly problem: Text; readonly cause?: unknown };

/** Reads a password. Never rejects, and quotes nothing of it. */
export async function readPassword(path: string): Promise<FileReading<string>> {
  const { value: text, ...unreadable } = await read(path);
  if (text === undefined) return unreadable as FileReading<string>;
  // Editors and `echo` append a newline, and some editors prepend a byte order mark; neither is part of the password.
  const password = text.replace(/^\ufeff/, '').replace(/\r?\n$/, '');
  const problem = passwordProblem(password);
  return problem ? { problem: about(path, problem) } : { value: password };
}

/** Returns why a text is no password; undefined if it can be one. Quotes nothing of it. */
function passwordProblem(text: string): Text | undefined {
  if (text === '') return { en: 'is empty', zh: '是空的' };
  if (text.length > LONGEST_PASSWORD) return { en: 'is too long for a password', zh: '太长，不可能是密码' };
  if (!/[\r\n\0]/.test(text)) return undefined;
  return { en: 'must hold the password alone, on one line', zh: '必须只含密码，占一行' };
}

async function readTrust({ caFile, certFile, keyFile }: TlsFiles, where: Text): Promise<Trust> {
  const ca = caFile === undefined ? undefined : contentOf(await readAuthorities(caFile), where);
  const trust = ca === undefined ? {} : { ca };
  if (certFile === undefined || keyFile === undefined) return trust;
  return { ...trust, ...contentOf(await readIdentity(certFile, keyFile), where) };
}

/** Reads the certificates of authorities. Never rejects. */
export async function readAuthorities(path: string): Promise<FileReading<string>> {
  const found = await read(path);
  const problem = found.value === undefined ? undefined : certificatesProblem(found.value);
  return problem ? { problem: about(path, problem) } : found;
}

/** A client certificate and its key, in PEM. */
type ClientIdentity = Required<Pick<Trust, 'cert' | 'key'>>;

/**
 * Reads a client certificate and its key. Never rejects, and quotes neither.
 * @returns with a problem also the file that has it
 */
export async function readIdentity(
  certFile: string,
  keyFile: string,
): Promise<FileReading<ClientIdentity> & { readonly file?: string }> {
  const cert = await read(certFile);
  if (cert.value === undefined) return { ...cert, file: certFile };
  const unfit = certificatesProblem(cert.value);
  if (unfit) return { problem: about(certFile, unfit), file: certFile };
  const key = await read(keyFile);
  if (key.value === undefined) return { ...key, file: keyFile };
  const identity = { cert: cert.value, key: key.value };
  const problem = identityProblem(identity, { cert: verbatim(certFile), key: verbatim(keyFile) });
  return problem ? { problem, file: keyFile } : { value: identity };
}

/** Follows links, because volumes of Kubernetes consist of links that a rotation redirects. */
async function read(path: string): Promise<FileReading<string>> {
  try {
    return { value: (await readRegularFile(path, LARGEST, { followLinks: true })).text };
  } catch (cause) {
    return { problem: await whyUnreadable(path, cause), cause };
  }
}

function about(path: string, problem: Text): Text {
  return { en: en`${path} ${problem}`, zh: zh`${path} ${problem}` };
}

function contentOf<T>({ value, problem, cause }: FileReading<T>, where: Text): T {
  if (problem) throw unusable(where, problem, cause);
  return value as T;
}

function unusable(where: Text, what: Text, cause?: unknown): EdgeError {
  const failure: FailureTexts = {
    class: 'passing',
    code: 'redis-credentials',
    message: { en: en`${where} cannot be made: ${what}`, zh: zh`${where}无法建立：${what}` },
    effect: 'unsent',
    backoff: { ...PASSING, cap: MINUTE },
  };
  return new EdgeError(failure, { cause });
}
