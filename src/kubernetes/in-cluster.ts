import { join } from 'node:path';
import { failureOf, textsOf } from '../core/failure.ts';
import { en, type Text, verbatim, zh } from '../core/text.ts';
import type { Connection, Environment, FoundConnection } from './connection-types.ts';
import { readAuthorities, readCredentialFile, readToken } from './credential-files.ts';

export const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

const NO_ACCOUNT: Text = {
  en:
    'the service account is not mounted in this pod: set automountServiceAccountToken: true, or name a kubeconfig in ' +
    'KUBECONFIG',
  zh:
    '这个 pod 里没有挂载 service account：设置 automountServiceAccountToken: true，或在 KUBECONFIG 里指定一个 ' +
    'kubeconfig',
};

const SOURCE: Text = { en: 'the service account of this pod', zh: '这个 pod 的 service account' };

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
    source: SOURCE,
    files: [caFile],
    trust: async () => ({ ca: readAuthorities(await readCredentialFile(caFile), verbatim(caFile)) }),
    token: async () => readToken(await readCredentialFile(tokenFile), verbatim(tokenFile)),
  };
  try {
    await Promise.all([connection.trust(), connection.token()]);
    const namespace = await readCredentialFile(join(folder, 'namespace')).catch(() => 'default');
    return { connection: { ...connection, namespace: namespace.trim() } };
  } catch (error) {
    const { message } = textsOf(failureOf(error, 'unsent'));
    const unmounted = { en: en`${message}: ${NO_ACCOUNT}`, zh: zh`${message}：${NO_ACCOUNT}` };
    return { problems: [message.en.includes('ENOENT') ? unmounted : message] };
  }
}
