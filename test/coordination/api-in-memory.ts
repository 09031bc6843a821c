import { EdgeError, type Failure, PASSING } from '../../src/core/failure.ts';
import type { Patch } from '../../src/kubernetes/client.ts';
import type { ObjectName, Resource, Stored } from '../../src/kubernetes/resources.ts';
import type { WatchEvent } from '../../src/kubernetes/watch-events.ts';

type Verb = 'get' | 'patch' | 'replace' | 'watch';

/** Of one call. What it throws is what the call meets; what it waits for delays the call. */
type Obstacle = (call: string, signal: AbortSignal) => Promise<void> | void;

/** Of a Lease or a Secret, without the version that the server gives it. */
interface Content extends Pick<Stored<'leases'>, 'spec'>, Pick<Stored<'secrets'>, 'data'> {
  readonly metadata?: object;
}

interface Options {
  readonly signal?: AbortSignal;
}

/** As much of an API server as a compare-and-set and a watch need, in this process and without a wait of its own. */
export function apiInMemory() {
  const objects = new Map<Resource, Stored>();
  const streams = new Set<(event: WatchEvent) => void>();
  const calls: string[] = [];
  let version = 0;
  let before: Obstacle = () => {};
  let after: Obstacle = () => {};

  function tell(event: WatchEvent): void {
    for (const stream of streams) stream(event);
  }

  function put(resource: Resource, object: Content): Stored {
    version += 1;
    const name = resource === 'leases' ? 'wx-token' : 'wx-secret';
    const metadata = { name, ...object.metadata, resourceVersion: String(version) };
    const type = objects.has(resource) ? 'MODIFIED' : 'ADDED';
    const stored = { ...object, metadata } as Stored;
    objects.set(resource, stored);
    tell({ type, object: stored });
    return stored;
  }

  async function call<T>(verb: Verb, resource: Resource, { signal }: Options, work: () => T): Promise<T> {
    const name = `${verb} ${resource}`;
    const under = signal ?? new AbortController().signal;
    calls.push(name);
    await before(name, under);
    const result = work();
    await after(name, under);
    return result;
  }

  function known(resource: Resource, expected?: string): Stored {
    const found = objects.get(resource);
    if (!found) throw failing({ code: 'kube-missing', class: 'refused' });
    if (expected !== undefined && found.metadata.resourceVersion !== expected)
      throw failing({ code: 'kube-conflict' });
    return found;
  }

  async function* follow(resource: Resource, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const news: WatchEvent[] = [];
    let wake = () => {};
    const hear = (event: WatchEvent) => {
      news.push(event);
      wake();
    };
    const found = objects.get(resource);
    if (found) news.push({ type: 'ADDED', object: found });
    const isOfIt = (event: WatchEvent) => event.type !== 'BOOKMARK' && kindOf(event.object) === resource;
    const stream = (event: WatchEvent) => void (isOfIt(event) && hear(event));
    streams.add(stream);
    signal.addEventListener('abort', () => wake());
    try {
      while (!signal.aborted) {
        for (let next = news.shift(); next; next = news.shift()) yield next;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      streams.delete(stream);
    }
  }

  const client = {
    namespace: 'shop',
    get: ({ resource }: ObjectName, options: Options = {}) =>
      call('get', resource, options, () => known(resource)),
    replace: ({ resource }: ObjectName, whole: Stored, options: Options = {}) =>
      call('replace', resource, options, () => {
        known(resource, whole.metadata.resourceVersion);
        return put(resource, whole);
      }),
    mergePatch: ({ resource }: ObjectName, expected: string, { metadata, data }: Patch) =>
      call('patch', resource, {}, () => {
        const found = known(resource, expected) as Stored<'secrets'>;
        const annotations = merged(found.metadata.annotations, metadata?.annotations);
        return put(resource, {
          ...found,
          data: merged(found.data, data),
          metadata: { ...found.metadata, annotations },
        });
      }),
    watch: ({ resource }: ObjectName, _seconds: number, options: Options = {}) =>
      call('watch', resource, options, () =>
        follow(resource, options.signal ?? new AbortController().signal),
      ),
    close: async () => {},
  };

  return {
    client,
    calls,
    put,
    /** How often it was called so. */
    count: (name: string) => calls.filter((one) => one === name).length,
    lease: () => objects.get('leases') as Stored<'leases'> | undefined,
    secret: () => objects.get('secrets') as Stored<'secrets'> | undefined,
    remove(resource: Resource) {
      const last = objects.get(resource);
      objects.delete(resource);
      if (last) tell({ type: 'DELETED', object: last });
    },
    /** What calls meet from now on before they are obeyed. */
    meet(obstacle: Obstacle) {
      before = obstacle;
    },
    /** What calls meet from now on when they have been obeyed. */
    meetAfterwards(obstacle: Obstacle) {
      after = obstacle;
    },
  };

  function kindOf(object: Stored): Resource {
    return object.metadata.name === 'wx-token' ? 'leases' : 'secrets';
  }
}

function merged(
  before: Readonly<Record<string, string>> = {},
  changes: Readonly<Record<string, string | null>> = {},
) {
  const all = Object.entries({ ...before, ...changes });
  return Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== null));
}

export function failing(changes: Partial<Failure> = {}): EdgeError {
  return new EdgeError({
    ...{
      class: 'passing',
      code: 'kube-unreachable',
      message: 'no answer',
      zh: { message: 'no answer' },
      effect: 'none',
      backoff: PASSING,
    },
    ...changes,
  });
}

/** Waits until the signal ends it. */
export function silence(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const end = () => reject(signal.reason);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end);
  });
}
