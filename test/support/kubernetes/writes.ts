import { checkedLease } from './lease-rules.ts';
import { keyOf, type Route } from './route.ts';
import { checkedAnnotations, checkedSecret } from './secret-rules.ts';
import { badRequest, conflict, invalid, notFound, Refusal } from './status.ts';
import type { Store, Thing } from './store.ts';

export interface Write {
  readonly route: Route;
  readonly contentType: string;
  readonly body: string;
  /** Everything but the storing. */
  readonly isDryRun: boolean;
}

/** Merge patch by RFC 7386. The other kinds of patch are not imitated, since nobody here sends them. */
export function patch(store: Store, { route, contentType, body, isDryRun }: Write): Thing {
  if (!contentType.startsWith('application/merge-patch+json')) {
    throw new Refusal(415, 'UnsupportedMediaType', 'the body of the request was in an unknown format');
  }
  const before = existing(store, route);
  const wish = parse(body);
  const { metadata: { resourceVersion, uid } = {} } = wish as {
    readonly metadata?: Readonly<Record<string, unknown>>;
  };
  precondition(route, before, resourceVersion);
  if (uid !== undefined && uid !== before.metadata.uid) {
    const message = 'Invalid value: field is immutable';
    throw invalid(route, [{ reason: 'FieldValueInvalid', message, field: 'metadata.uid' }]);
  }
  return keep(store, route, merged(before, wish) as Thing, before, { isPatch: true, isDryRun });
}

/** The whole object is replaced: what is not said is gone. */
export function put(store: Store, { route, body, isDryRun }: Write): Thing {
  const wish = parse(body) as Thing;
  const { metadata: meta } = wish as { readonly metadata?: Partial<Thing['metadata']> };
  if (meta?.name !== route.name)
    throw badRequest('the name of the object does not match the name on the URL');
  const found = store.get(keyOf(route));
  // Of an object that was deleted, or made anew, meanwhile.
  if (meta.uid !== undefined && found?.metadata.uid !== meta.uid) throw conflict(route);
  const before = existing(store, route);
  if (route.resource === 'leases' && !meta.resourceVersion) {
    const message = 'Invalid value: 0x0: must be specified for an update';
    throw invalid(route, [{ reason: 'FieldValueInvalid', message, field: 'metadata.resourceVersion' }]);
  }
  precondition(route, before, meta.resourceVersion);
  const { uid, creationTimestamp, name, namespace = '' } = before.metadata;
  const metadata = {
    ...meta,
    uid,
    creationTimestamp,
    name,
    ...(namespace && { namespace }),
    resourceVersion: '',
  };
  return keep(store, route, { ...wish, metadata }, before, { isPatch: false, isDryRun });
}

export function create(store: Store, { route, body }: Write): Thing {
  const wish = parse(body) as Thing;
  const named = { ...route, name: route.name || String(wish.metadata?.name ?? '') };
  if (named.namespace && !store.get(`namespaces//${named.namespace}`)) {
    throw notFound({ resource: 'namespaces', group: '', name: named.namespace });
  }
  if (store.get(keyOf(named))) {
    throw new Refusal(409, 'AlreadyExists', `${named.resource} "${named.name}" already exists`);
  }
  return store.create(keyOf(named), checked(named, wish, undefined, false));
}

function existing(store: Store, route: Route): Thing {
  const found = store.get(keyOf(route));
  if (!found) throw notFound(route);
  return found;
}

/** An empty version, "0" and null silently switch it off. */
function precondition(route: Route, before: Thing, version: unknown): void {
  if (version === undefined || version === null || version === '' || version === '0') return;
  if (typeof version !== 'string') {
    const message = `Invalid value: ${JSON.stringify(before)}: json: cannot unmarshal number into Go struct field`;
    throw invalid(route, [{ reason: 'FieldValueInvalid', message, field: 'patch' }]);
  }
  if (!/^\d+$/.test(version))
    throw new Refusal(500, '', `strconv.ParseUint: parsing "${version}": invalid syntax`);
  if (version !== before.metadata.resourceVersion) throw conflict(route);
}

function keep(
  store: Store,
  route: Route,
  thing: Thing,
  before: Thing,
  { isPatch, isDryRun }: { readonly isPatch: boolean; readonly isDryRun: boolean },
): Thing {
  const { resourceVersion } = before.metadata;
  const next = checked(
    route,
    { ...thing, metadata: { ...thing.metadata, resourceVersion } },
    before,
    isPatch,
  );
  return isDryRun ? next : store.update(keyOf(route), next);
}

function checked(route: Route, thing: Thing, before: Thing | undefined, isPatch: boolean): Thing {
  if (route.resource === 'leases') return checkedLease(route, thing, isPatch);
  if (route.resource !== 'secrets') return thing;
  const secret = checkedSecret(route, thing, before);
  checkedAnnotations(route, secret);
  return secret;
}

function merged(before: unknown, wish: unknown): unknown {
  if (!isObject(wish)) return wish;
  const next: Record<string, unknown> = isObject(before) ? { ...before } : {};
  for (const [key, value] of Object.entries(wish)) {
    if (value === null) delete next[key];
    else next[key] = merged(next[key], value);
  }
  return next;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    if (isObject(value)) return value;
  } catch {
    // Said below.
  }
  throw badRequest('the object provided is unrecognized (must be of type JSON)');
}
