import { delimiter } from 'node:path';
import type { Text } from '../core/text.ts';
import type { Environment, FoundConnection } from './connection-types.ts';
import { inClusterConnection, SERVICE_ACCOUNT_FOLDER } from './in-cluster.ts';
import { kubeconfigConnection } from './kubeconfig.ts';

/**
 * Finds the API server through the file that KUBECONFIG names or, in a pod, through the service account. Sends no
 * request and never rejects.
 * @param folder where the service account is mounted
 */
export async function findConnection(
  environment: Environment,
  folder = SERVICE_ACCOUNT_FOLDER,
): Promise<FoundConnection> {
  const { KUBECONFIG: list = '', KUBERNETES_SERVICE_HOST: host } = environment;
  // KUBECONFIG is a list like PATH. As in kubectl, empty and repeated entries are ignored.
  const [file, ...more] = new Set(list.split(delimiter).filter((part) => part !== ''));
  if (more.length > 0) {
    const several: Text = {
      en: `KUBECONFIG names several files (${list}): name one`,
      zh: `KUBECONFIG 写了几个文件（${list}）：只写一个`,
    };
    return { problems: [several] };
  }
  if (file !== undefined) return kubeconfigConnection(file);
  if (host) return inClusterConnection(environment, folder);
  return { problems: [NO_KUBERNETES] };
}

const NO_KUBERNETES: Text = {
  en: 'there is no Kubernetes here: this is no pod (KUBERNETES_SERVICE_HOST is not set), and KUBECONFIG names no file',
  zh: '这里没有 Kubernetes：这不是 pod（没有设置 KUBERNETES_SERVICE_HOST），KUBECONFIG 也没有指定文件',
};
