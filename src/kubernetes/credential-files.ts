import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { EdgeError, PASSING } from '../core/failure.ts';
import { Secret } from '../core/secret.ts';
import { readRegularFile } from '../system/fs/read-regular-file.ts';

/** Bytes: several times what an operating system trusts. */
const LARGEST = 4 * 1024 * 1024;

/** Volumes of Kubernetes hold links, which a rotation turns to other files. */
export async function readCredentialFile(path: string): Promise<string> {
  try {
    return (await readRegularFile(path, LARGEST, { followLinks: true })).text;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw unusable(`${path} cannot be read (${code ?? message})`);
  }
}

/**
 * A token as it stands in a file or a kubeconfig; `echo` and editors leave a newline, which no header can hold.
 * @throws {EdgeError} `kube-credentials`, without quoting it
 */
export function readToken(text: string, source: string): Secret {
  const token = text.trim();
  if (!/^[!-~]+$/.test(token)) throw unusable(`${source} holds no token`);
  return new Secret(token);
}

/**
 * Node takes any text for authorities, and then trusts no one or, for an empty one, everyone that the system trusts.
 * @throws {EdgeError} `kube-credentials`
 */
export function readAuthorities(pem: string, source: string): string {
  try {
    // It reads the first one, and says no where there is none.
    new X509Certificate(pem);
    return pem;
  } catch {
    throw unusable(`${source} holds no certificate in PEM`);
  }
}

/**
 * A client certificate and its key. What OpenSSL says of a key that it cannot use is for no one to understand.
 * @throws {EdgeError} `kube-credentials`, without quoting them
 */
export function readIdentity<I extends { readonly cert: string; readonly key: string }>(
  identity: I,
  file: string,
): I {
  const { cert, key } = identity;
  readAuthorities(cert, `client-certificate of ${file}`);
  if (!new X509Certificate(cert).checkPrivateKey(readKey(key, file))) {
    throw unusable(`client-key of ${file} is not the key of its client-certificate`);
  }
  return identity;
}

function readKey(pem: string, file: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    const isEncrypted = /^(-----BEGIN ENCRYPTED |Proc-Type: .*ENCRYPTED)/m.test(pem);
    throw unusable(
      isEncrypted
        ? `client-key of ${file} is encrypted, and a daemon has nobody to ask for the passphrase`
        : `client-key of ${file} holds no private key in PEM`,
    );
  }
}

/** They may be mended, or appear, while the daemon runs: a projected volume is written by the kubelet. */
export function unusable(message: string): EdgeError {
  return new EdgeError({
    class: 'passing',
    code: 'kube-credentials',
    message: `the API server cannot be asked: ${message}`,
    effect: 'unsent',
    backoff: PASSING,
  });
}
