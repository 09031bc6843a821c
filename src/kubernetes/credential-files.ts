import { EdgeError, PASSING } from '../core/failure.ts';
import { Secret } from '../core/secret.ts';
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
    throw unusableCredentials((await whyUnreadable(path, error)).en);
  }
}

/**
 * Cleans a token from a file or a kubeconfig: `echo` and editors append a newline, which no HTTP header may
 * contain.
 * @throws {EdgeError} `kube-credentials`, without quoting the text
 */
export function readToken(text: string, source: string): Secret {
  const token = text.trim();
  if (!/^[!-~]+$/.test(token)) throw unusableCredentials(`${source} holds no token`);
  return new Secret(token);
}

/**
 * Checks that a text contains authorities. Node accepts any text: it then trusts nobody or, with an empty text,
 * every authority that the system trusts.
 * @throws {EdgeError} `kube-credentials`
 */
export function readAuthorities(pem: string, source: string): string {
  const problem = certificatesProblem(pem);
  if (problem !== undefined) throw unusableCredentials(`${source} ${problem}`);
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
  const names = { cert: `client-certificate of ${file}`, key: `client-key of ${file}` };
  const problem = identityProblem(identity, names);
  if (problem !== undefined) throw unusableCredentials(problem);
  return identity;
}

/**
 * Creates the error for unusable credentials. It is `passing`, because the files may be repaired, or appear, while
 * the daemon runs: the kubelet writes a projected volume after the start.
 */
export function unusableCredentials(message: string): EdgeError {
  return new EdgeError({
    class: 'passing',
    code: 'kube-credentials',
    // What is wrong with such a file is said in English, as all of the configuration is.
    message: {
      en: `the API server cannot be asked: ${message}`,
      zh: `无法询问 API server：${message}`,
    },
    effect: 'unsent',
    backoff: PASSING,
  });
}
