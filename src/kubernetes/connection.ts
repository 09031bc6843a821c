import { delimiter } from 'node:path';
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
  if (more.length > 0) return { problems: [`KUBECONFIG names several files (${list}): name one`] };
  if (file !== undefined) return kubeconfigConnection(file);
  if (host) return inClusterConnection(environment, folder);
  return {
    problems: [
      'there is no Kubernetes here: this is no pod (KUBERNETES_SERVICE_HOST is not set), and KUBECONFIG names no file',
    ],
  };
}
