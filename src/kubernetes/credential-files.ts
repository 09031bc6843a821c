import { EdgeError, PASSING } from '../core/failure.ts';
import { Secret } from '../core/secret.ts';
import { en, type Text, zh } from '../core/text.ts';
import { whyUnreadable } from '../system/fs/read-problem.ts';
import { readRegularFile } from '../system/fs/read-regular-file.ts';
import { certificatesProblem, identityProblem } from '../system/net/pem.ts';

/** Size limit in bytes: several times what an operating system's bundle of authorities takes. */
const LARGEST = 4 * 1024 * 1024;

/**
 * Reads a file of credentials. It follows links, because volumes of Kubernetes consist of links that a rotation
 * redirects.
 * @throws {EdgeError} `kube-credentials`
 */
export async function readCredentialFile(path: string): Promise<string> {
  try {
    return (await readRegularFile(path, LARGEST, { followLinks: true })).text;
  } catch (error) {
    throw unusableCredentials(await whyUnreadable(path, error));
  }
}

/**
 * Cleans a token from a file or a kubeconfig: `echo` and editors append a newline, which no HTTP header may
 * contain.
 * @throws {EdgeError} `kube-credentials`, without quoting the text
 */
export function readToken(text: string, source: Text): Secret {
  const token = text.trim();
  if (!/^[!-~]+$/.test(token)) {
    throw unusableCredentials({ en: en`${source} holds no token`, zh: zh`${source} 里没有 token` });
  }
  return new Secret(token);
}

/**
 * Checks that a text contains authorities. Node accepts any text: it then trusts nobody or, with an empty text,
 * every authority that the system trusts.
 * @throws {EdgeError} `kube-credentials`
 */
export function readAuthorities(pem: string, source: Text): string {
  const problem = certificatesProblem(pem);
  if (problem) throw unusableCredentials({ en: en`${source} ${problem}`, zh: zh`${source} ${problem}` });
  return pem;
}

/**
 * Checks that a client certificate and its key are readable and belong together.
 * @throws {EdgeError} `kube-credentials`, without quoting either
 */
export function readIdentity<I extends { readonly cert: string; readonly key: string }>(
  identity: I,
  file: string,
): I {
  const names = { cert: partOf('client-certificate', file), key: partOf('client-key', file) };
  const problem = identityProblem(identity, names);
  if (problem) throw unusableCredentials(problem);
  return identity;
}

/** Names a part of a kubeconfig. */
export function partOf(key: string, file: string): Text {
  return { en: `${key} of ${file}`, zh: `${file} 的 ${key}` };
}

/**
 * Creates the error for unusable credentials. It is `passing`, because the files may be repaired, or appear, while
 * the daemon runs: the kubelet writes a projected volume after the start.
 */
export function unusableCredentials(message: Text): EdgeError {
  return new EdgeError({
    class: 'passing',
    code: 'kube-credentials',
    message: {
      en: en`the API server cannot be asked: ${message}`,
      zh: zh`无法询问 API server：${message}`,
    },
    effect: 'unsent',
    backoff: PASSING,
  });
}
