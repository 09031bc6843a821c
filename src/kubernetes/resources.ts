import type { Lease } from 'kubernetes-types/coordination/v1';
import type { Secret } from 'kubernetes-types/core/v1';
import type { ObjectMeta } from 'kubernetes-types/meta/v1';

/** What is spoken of, by the names that URLs and Roles use. */
interface Types {
  readonly secrets: Secret;
  readonly leases: Lease;
}

export type Resource = keyof Types;

/** One object, as a Role limited by name knows it. */
export interface ObjectName<R extends Resource = Resource> {
  readonly resource: R;
  readonly namespace: string;
  readonly name: string;
}

/** An object as a configuration names it: where no namespace is said, it is that of the pod, or of the kubeconfig. */
export interface Place {
  readonly namespace?: string;
  readonly name: string;
}

/** @param client who knows which namespace is meant where none is said */
export function objectAt<R extends Resource>(
  resource: R,
  { namespace, name }: Place,
  client: { readonly namespace: string },
): ObjectName<R> {
  return { resource, namespace: namespace ?? client.namespace, name };
}

/** An object as the API server has it: with the version that a write is made conditional on. */
export type Stored<R extends Resource = Resource> = Types[R] & {
  readonly metadata: ObjectMeta & { readonly resourceVersion: string };
};

const RESOURCES: Readonly<Record<Resource, { readonly kind: string; readonly group: string }>> = {
  secrets: { kind: 'Secret', group: '' },
  leases: { kind: 'Lease', group: 'coordination.k8s.io' },
};

export function groupOf({ resource }: ObjectName): string {
  return RESOURCES[resource].group;
}

/** `Secret shop/wx-token` */
export function inWords({ resource, namespace, name }: ObjectName): string {
  return `${RESOURCES[resource].kind} ${namespace}/${name}`;
}

/** Path of the collection that holds it: an object is watched through that. */
export function collectionPath(object: ObjectName): string {
  const group = groupOf(object);
  const root = group === '' ? '/api/v1' : `/apis/${group}/v1`;
  return `${root}/namespaces/${encodeURIComponent(object.namespace)}/${object.resource}`;
}

export function objectPath(object: ObjectName): string {
  return `${collectionPath(object)}/${encodeURIComponent(object.name)}`;
}

/** What a compare-and-set can be made on: `""`, `"0"` and null would silently switch it off. */
const RESOURCE_VERSION = /^[1-9]\d*$/;

export function isResourceVersion(value: unknown): value is string {
  return typeof value === 'string' && RESOURCE_VERSION.test(value);
}
