import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';

export interface Meta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly creationTimestamp: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface Thing extends Readonly<Record<string, unknown>> {
  readonly metadata: Meta;
}

export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly key: string;
  readonly thing: Thing;
  readonly version: number;
}

/** All objects by `resource/namespace/name`, with one version that counts every change. */
export interface Store {
  get(key: string): Thing | undefined;
  list(prefix: string): readonly Thing[];
  create(key: string, thing: Readonly<Record<string, unknown>>): Thing;
  /** What changes nothing makes no version and no event. */
  update(key: string, thing: Thing): Thing;
  remove(key: string): Thing | undefined;
  /** Changes after a version; undefined where they are forgotten. */
  since(version: number): readonly Change[] | undefined;
  /** As a server that was started again: what was before is forgotten. */
  forget(): void;
  version(): number;
  listen(listener: (change: Change) => void): () => void;
}

export function createStore(): Store {
  const things = new Map<string, Thing>();
  const listeners = new Set<(change: Change) => void>();
  let changes: Change[] = [];
  let version = 241;
  let oldest = version;

  function keep(
    type: Change['type'],
    key: string,
    bare: Readonly<Record<string, unknown>>,
    meta: Meta,
  ): Thing {
    version += 1;
    const thing: Thing = { ...bare, metadata: { ...meta, resourceVersion: String(version) } };
    if (type === 'DELETED') things.delete(key);
    else things.set(key, thing);
    const change: Change = { type, key, thing, version };
    changes.push(change);
    for (const listener of listeners) listener(change);
    return thing;
  }

  return {
    get: (key) => things.get(key),
    list: (prefix) => [...things].filter(([key]) => key.startsWith(prefix)).map(([, thing]) => thing),
    create(key, thing) {
      const [, namespace = '', name = ''] = key.split('/');
      const given = (thing['metadata'] ?? {}) as Partial<Meta>;
      return keep('ADDED', key, thing, {
        ...given,
        name,
        ...(namespace && { namespace }),
        uid: randomUUID(),
        resourceVersion: '',
        creationTimestamp: `${new Date().toISOString().slice(0, 19)}Z`,
      });
    },
    update(key, thing) {
      const before = things.get(key);
      if (before && isDeepStrictEqual(withoutVersion(before), withoutVersion(thing))) return before;
      return keep('MODIFIED', key, thing, thing.metadata);
    },
    remove(key) {
      const last = things.get(key);
      return last && keep('DELETED', key, last, last.metadata);
    },
    since: (from) => (from < oldest ? undefined : changes.filter((change) => change.version > from)),
    forget() {
      version += 1;
      oldest = version;
      changes = [];
    },
    version: () => version,
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function withoutVersion({ metadata: { resourceVersion: _any, ...metadata }, ...rest }: Thing) {
  return { ...rest, metadata };
}
