import { join } from 'node:path';
import { failureOf } from '../core/failure.ts';
import type { Connection, Environment, FoundConnection } from './connection-types.ts';
import { readAuthorities, readCredentialFile, readToken } from './credential-files.ts';

export const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

const NO_ACCOUNT =
  'the service account is not mounted in this pod: set automountServiceAccountToken: true, or name a kubeconfig in ' +
  'KUBECONFIG';

/**
 * Connects as the service account of this pod. The kubelet replaces its token every hour, and its authorities
 * rarely. Never rejects.
 * @param folder where the service account is mounted
 */
export async function inClusterConnection(
  { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' }: Environment,
  folder: string,
): Promise<FoundConnection> {
  const tokenFile = join(folder, 'token');
  const caFile = join(folder, 'ca.crt');
  const connection: Omit<Connection, 'namespace'> = {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    source: 'the service account of this pod',
    files: [caFile],
    trust: async () => ({ ca: readAuthorities(await readCredentialFile(caFile), caFile) }),
    token: async () => readToken(await readCredentialFile(tokenFile), tokenFile),
  };
  try {
    await Promise.all([connection.trust(), connection.token()]);
    const namespace = await readCredentialFile(join(folder, 'namespace')).catch(() => 'default');
    return { connection: { ...connection, namespace: namespace.trim() } };
  } catch (error) {
    const { message } = failureOf(error, 'unsent');
    return { problems: [message.includes('ENOENT') ? `${message}: ${NO_ACCOUNT}` : message] };
  }
}
