import type { Lease } from 'kubernetes-types/coordination/v1';
import type { Secret } from 'kubernetes-types/core/v1';
import type { ObjectMeta } from 'kubernetes-types/meta/v1';

/** Types of objects, by their resource names in URLs and Roles. */
interface Types {
  readonly secrets: Secret;
  readonly leases: Lease;
}

export type Resource = keyof Types;

/** Identifies one object, as a Role with `resourceNames` does. */
export interface ObjectName<R extends Resource = Resource> {
  readonly resource: R;
  readonly namespace: string;
  readonly name: string;
}

/** An object as the configuration names it; the default namespace is that of the pod or of the kubeconfig. */
export interface Place {
  readonly namespace?: string;
  readonly name: string;
}

/**
 * Completes a place with the default namespace.
 * @param client whose default namespace applies
 */
export function objectAt<R extends Resource>(
  resource: R,
  { namespace, name }: Place,
  client: { readonly namespace: string },
): ObjectName<R> {
  return { resource, namespace: namespace ?? client.namespace, name };
}

/** An object as the API server stores it, with the version that conditional writes refer to. */
export type Stored<R extends Resource = Resource> = Types[R] & {
  readonly metadata: ObjectMeta & { readonly resourceVersion: string };
};

const RESOURCES: Readonly<Record<Resource, { readonly kind: string; readonly group: string }>> = {
  secrets: { kind: 'Secret', group: '' },
  leases: { kind: 'Lease', group: 'coordination.k8s.io' },
};

/** API group as Roles name it; empty for the core group. */
export function groupOf({ resource }: ObjectName): string {
  return RESOURCES[resource].group;
}

/** Names an object in messages: `Secret shop/wx-token`. */
export function objectLabel({ resource, namespace, name }: ObjectName): string {
  return `${RESOURCES[resource].kind} ${namespace}/${name}`;
}

/** Path of the collection that contains an object; watches are opened on it. */
export function collectionPath(object: ObjectName): string {
  const group = groupOf(object);
  const root = group === '' ? '/api/v1' : `/apis/${group}/v1`;
  return `${root}/namespaces/${encodeURIComponent(object.namespace)}/${object.resource}`;
}

/** Path of an object on the API server; also a unique key for it. */
export function objectPath(object: ObjectName): string {
  return `${collectionPath(object)}/${encodeURIComponent(object.name)}`;
}

/**
 * Versions on which a compare-and-set can be based: `""`, `"0"` and null would silently make a write unconditional.
 */
const RESOURCE_VERSION = /^[1-9]\d*$/;

/** Whether a value can be the `resourceVersion` of a conditional write. */
export function isResourceVersion(value: unknown): value is string {
  return typeof value === 'string' && RESOURCE_VERSION.test(value);
}
