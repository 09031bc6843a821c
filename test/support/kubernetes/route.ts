/** Which object or collection a path names. */
export interface Route {
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
  /** Empty for the whole collection. */
  readonly name: string;
  readonly subresource: string;
}

const GROUPS: Readonly<Record<string, string>> = {
  secrets: '',
  serviceaccounts: '',
  namespaces: '',
  leases: 'coordination.k8s.io',
  roles: 'rbac.authorization.k8s.io',
  rolebindings: 'rbac.authorization.k8s.io',
};

const PATH =
  /^\/(?:api|apis\/(?<group>[a-z0-9.]+))\/v1\/namespaces(?:\/(?<namespace>[^/]+)(?:\/(?<resource>[^/]+)(?:\/(?<name>[^/]+)(?:\/(?<subresource>[^/]+))?)?)?)?$/;

export function routeOf(path: string): Route | undefined {
  const found = PATH.exec(path)?.groups;
  if (!found) return undefined;
  const { group = '', namespace = '', resource = 'namespaces', name = '', subresource = '' } = found;
  if (GROUPS[resource] !== group) return undefined;
  return resource === 'namespaces'
    ? { group, resource, namespace: '', name: namespace, subresource: '' }
    : { group, resource, namespace, name: decodeURIComponent(name), subresource };
}

export function keyOf({ resource, namespace, name }: Route): string {
  return `${resource}/${namespace}/${name}`;
}
