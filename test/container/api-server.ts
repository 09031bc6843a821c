// An imitated API server in a container of its own. It holds the objects that a file tells it of, writes how their service
// account reaches it into a kubeconfig beside that, and answers for as long as it is not ended.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { startApiServer } from '../support/kubernetes/api-server.ts';
import { kubeconfig } from '../support/kubernetes/kubeconfig.ts';

interface Named {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
}

/** Where objects of each kind are made, of those that daemons and their rights need. */
const PATHS: Readonly<Record<string, readonly [root: string, resource: string]>> = {
  Secret: ['/api/v1', 'secrets'],
  ServiceAccount: ['/api/v1', 'serviceaccounts'],
  Lease: ['/apis/coordination.k8s.io/v1', 'leases'],
  Role: ['/apis/rbac.authorization.k8s.io/v1', 'roles'],
  RoleBinding: ['/apis/rbac.authorization.k8s.io/v1', 'rolebindings'],
};

const [folder = ''] = process.argv.slice(2);
const objects: readonly Named[] = JSON.parse(readFileSync(join(folder, 'objects.json'), 'utf8'));
const { url, adminToken, direct } = await startApiServer();
for (const namespace of new Set(objects.map(({ metadata }) => metadata.namespace))) {
  direct('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
}
for (const object of objects) {
  const [root, resource] = PATHS[object.kind] ?? [];
  const { name, namespace } = object.metadata;
  if (root === undefined) continue;
  direct('POST', `${root}/namespaces/${namespace}/${resource}`, object);
  if (object.kind !== 'ServiceAccount') continue;
  const issued = direct('POST', `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`, {});
  const { token } = (issued?.['status'] ?? {}) as { readonly token?: string };
  writeFileSync(join(folder, 'kubeconfig'), kubeconfig({ server: url, namespace, user: { token } }));
}
process.stdout.write(`${JSON.stringify({ url, adminToken })}\n`);
