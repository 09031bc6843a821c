import type { Route } from './route.ts';
import type { Store } from './store.ts';

/** Somebody whose token or certificate was accepted, or nobody. */
export interface Caller {
  /** `system:serviceaccount:NAMESPACE:NAME`, `system:anonymous`, or an administrator. */
  readonly user: string;
  readonly isAdmin: boolean;
}

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs?: readonly string[];
}

interface Subject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

/** Whether a Role of the namespace, bound to the service account, allows it: of one limited by name only that name. */
export function isAllowed(store: Store, { user, isAdmin }: Caller, verb: string, route: Route): boolean {
  if (isAdmin) return true;
  const [, , ownNamespace, account] = user.split(':');
  const roles = store.list(`rolebindings/${route.namespace}/`).flatMap((binding) => {
    const subjects = (binding['subjects'] ?? []) as readonly Subject[];
    const roleRef = binding['roleRef'] as { readonly name: string } | undefined;
    const isMeant = subjects.some(
      ({ kind, name, namespace = route.namespace }) =>
        kind === 'ServiceAccount' && name === account && namespace === ownNamespace,
    );
    const role = isMeant ? store.get(`roles/${route.namespace}/${roleRef?.name}`) : undefined;
    return role ? [role] : [];
  });
  const rules = roles.flatMap(({ rules: list }) => (Array.isArray(list) ? (list as readonly Rule[]) : []));
  return rules.some((rule) => allows(rule, verb, route));
}

function allows({ apiGroups, resources, resourceNames, verbs }: Rule, verb: string, route: Route): boolean {
  const isKind = apiGroups?.includes(route.group) && resources?.includes(route.resource);
  // What is created has no name yet, and a list none at all.
  const isNamed =
    !resourceNames || (route.name !== '' && verb !== 'create' && resourceNames.includes(route.name));
  return Boolean(isKind && isNamed && verbs?.includes(verb));
}
