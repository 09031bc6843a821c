import { writeFile } from 'node:fs/promises';
import { type ApiServer, startApiServer } from './api-server.ts';
import { kubeconfig } from './kubeconfig.ts';
import { LEASE_NAME, MIRROR, SECRET_NAME, WRITER } from './role.ts';

type AtEnd = (undo: () => Promise<void>) => void;

const NAMESPACE = 'shop';

/** A namespace `shop` in an imitated cluster, as the manifests lay it out: a Secret without data, a Lease without spec, their Roles. */
export interface Shop {
  readonly server: ApiServer;
  /** Files for KUBECONFIG: of the service account of those who refresh, and of those who mirror. */
  readonly refresher: string;
  readonly mirror: string;
  /** Any request, as the administrator. */
  ask(
    method: string,
    path: string,
    body?: object,
  ): Promise<{ readonly status: number; readonly body: unknown }>;
  /** What the Secret holds, decoded. */
  data(): Promise<Readonly<Record<string, string>>>;
  annotations(): Promise<Readonly<Record<string, string>>>;
  holder(): Promise<string>;
  /** Takes the rights of those who mirror away, and gives them back. */
  forbidMirrors(): Promise<void>;
  allowMirrors(): Promise<void>;
}

export const SECRETS = `/api/v1/namespaces/${NAMESPACE}/secrets`;
const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`;
export const SECRET = `${SECRETS}/${SECRET_NAME}`;
export const SHOP_LEASE = `${LEASES}/${LEASE_NAME}`;
const RIGHTS = `/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE}`;

export async function openShop(folder: string, atEnd: AtEnd): Promise<Shop> {
  const server = await startApiServer();
  atEnd(server.close);

  async function ask(method: string, path: string, body?: object) {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${server.adminToken}`, 'content-type': type },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as unknown };
  }

  async function account(name: string, rules: readonly object[]): Promise<string> {
    const metadata = { name };
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name };
    const subjects = [{ kind: 'ServiceAccount', name, namespace: NAMESPACE }];
    await ask('POST', `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, { metadata });
    await ask('POST', `${RIGHTS}/roles`, { metadata, rules });
    await ask('POST', `${RIGHTS}/rolebindings`, { metadata, subjects, roleRef });
    const issued = await ask('POST', `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/${name}/token`, {});
    const { token } = (issued.body as { readonly status: { readonly token: string } }).status;
    const file = `${folder}/${name}.kubeconfig`;
    await writeFile(file, kubeconfig({ server: server.url, namespace: NAMESPACE, user: { token } }));
    return file;
  }

  await ask('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } });
  await ask('POST', SECRETS, { metadata: { name: SECRET_NAME } });
  await ask('POST', LEASES, { metadata: { name: LEASE_NAME } });
  /** Through no connection that could break; without anything where it is not there. */
  function secret() {
    try {
      return server.direct('GET', SECRET) as {
        readonly data?: Readonly<Record<string, string>>;
        readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
      };
    } catch {
      return { metadata: {} };
    }
  }

  return {
    server,
    ask,
    refresher: await account('refresher', WRITER),
    mirror: await account('mirror', MIRROR),
    async data() {
      const { data = {} } = secret();
      return Object.fromEntries(
        Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
      );
    },
    async forbidMirrors() {
      await ask('DELETE', `${RIGHTS}/roles/mirror`);
      // What is open goes on for minutes.
      server.cutWatches();
    },
    async allowMirrors() {
      await ask('POST', `${RIGHTS}/roles`, { metadata: { name: 'mirror' }, rules: MIRROR });
    },
    annotations: async () => secret().metadata.annotations ?? {},
    async holder() {
      const { body } = await ask('GET', SHOP_LEASE);
      return (body as { readonly spec?: { readonly holderIdentity?: string } }).spec?.holderIdentity ?? '';
    },
  };
}
