import { addAbortSignal, PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import type { SecretCache, StoredSecret } from '../../../src/coordination/cluster/secret-cache.ts';
import type { Election } from '../../../src/coordination/lease/election.ts';
import { EdgeError, type Failure, PASSING } from '../../../src/core/failure.ts';
import type { AccountRecord } from '../../../src/core/record.ts';
import { Secret } from '../../../src/core/secret.ts';
import type { KubernetesClient, Patch } from '../../../src/kubernetes/client.ts';
import type { Kubernetes } from '../../../src/kubernetes/index.ts';
import type { ObjectName } from '../../../src/kubernetes/resources.ts';

export const OBJECT = { resource: 'secrets', namespace: 'shop', name: 'wx-token' } as const;
export const ACCOUNT = 'weixin/stable-token/wx0000000000000000';
export const SUBJECT = {
  name: 'shop',
  type: 'stable-token',
  appId: 'wx0000000000000000',
  kind: 'token',
} as const;

/** What is known of an account after so many writes. */
export function recordOf(generation: number, value?: string): AccountRecord {
  const at = Date.UTC(2026, 0, 1);
  return {
    account: ACCOUNT,
    generation,
    ledger: { fetches: [{ hour: 490896, calls: generation }], forced: [], lastFetch: at, since: at },
    secrets: ['f'.repeat(32)],
    ...(value !== undefined && {
      token: {
        ...{ value: new Secret(value), expiresIn: 7200, generation, platformDate: at },
        ...{ issuedAt: at, expiresAt: at + 7_200_000 },
      },
    }),
  };
}

export function fault(code: string, changes: Partial<Failure> = {}): EdgeError {
  return new EdgeError({
    ...{
      class: 'passing',
      code,
      message: `it said ${code}`,
      zh: { message: `it said ${code}` },
      effect: 'none',
      backoff: PASSING,
    },
    ...changes,
  });
}

type Strings = Readonly<Record<string, string>>;

export interface Content {
  readonly data?: Strings;
  readonly annotations?: Strings;
}

/** One Secret as an API server keeps it. */
function keeping(content: Content | undefined) {
  let versions = 0;
  let stored: StoredSecret | undefined;
  function write({ data, annotations }: Content): StoredSecret {
    versions += 1;
    stored = {
      ...(data && { data }),
      metadata: {
        ...{ name: OBJECT.name, namespace: OBJECT.namespace, resourceVersion: String(versions) },
        ...(annotations && { annotations }),
      },
    };
    return stored;
  }
  function read(): StoredSecret {
    if (!stored) throw fault('kube-missing');
    return stored;
  }
  if (content) write(content);
  return {
    read,
    write,
    remove() {
      const last = read();
      stored = undefined;
      return last;
    },
    patch(version: string, { data, metadata }: Patch): StoredSecret {
      const before = read();
      if (before.metadata.resourceVersion !== version) throw fault('kube-conflict');
      return write({
        data: merged(before.data, data),
        annotations: merged(before.metadata.annotations, metadata?.annotations),
      });
    },
  };
}

function merged(before: Strings = {}, changes: Patch['data'] = {}): Strings {
  const all = Object.entries({ ...before, ...changes });
  return Object.fromEntries(all.flatMap(([key, value]) => (value === null ? [] : [[key, value]])));
}

/** What becomes of one patch: it may be made or not, and something else may happen before and after. */
type Fate = (make: () => StoredSecret) => StoredSecret;

/** What a process knows of a Secret that others write as well; what was asked of it is counted. */
export function fakeCache(content?: Content) {
  const kept = keeping(content);
  const asked: string[] = [];
  const fates: Fate[] = [];
  let known: StoredSecret | undefined;
  const see = (what: string) => async () => {
    asked.push(what);
    known = undefined;
    known = kept.read();
    return known;
  };
  const state: { failure?: Failure; trouble?: Failure } = {};
  const cache: SecretCache = {
    object: OBJECT,
    now: () => known,
    ready: async () => void asked.push('ready'),
    ...{ refresh: see('refresh'), reread: see('reread') },
    async patch(version, patch) {
      asked.push('patch');
      const make = () => kept.patch(version, patch);
      known = (fates.shift() ?? ((made) => made()))(make);
      return known;
    },
    failure: () => state.failure,
    trouble: () => state.trouble,
    syncedAt: () => 77,
    close: async () => {},
  };
  const hear = () => {
    known = kept.read();
  };
  if (content) hear();
  return Object.assign(state, {
    ...{ cache, asked, fates, hear, read: kept.read },
    /** Nothing of it has been seen. */
    forget() {
      known = undefined;
    },
    /** Somebody else writes, and it is not heard of. */
    write(changes: Content) {
      const { data, metadata } = kept.read();
      return kept.write({
        data: merged(data, changes.data),
        annotations: merged(metadata.annotations, changes.annotations),
      });
    },
    remove: kept.remove,
    /** Somebody empties it, and it is not heard of. */
    empty: () => kept.write({}),
    annotation: (key: string) => kept.read().metadata.annotations?.[key],
  });
}

/** Turns at an object, which are counted. */
export function turns() {
  const taken: ObjectName[] = [];
  return {
    taken,
    async inTurn<T>(object: ObjectName, work: () => Promise<T>): Promise<T> {
      taken.push(object);
      return work();
    },
  };
}

/** An election that can be decided at any time. */
export function fakeElection() {
  const state = { leads: true, entered: 0, left: 0, trouble: undefined as Failure | undefined };
  const election: Election = {
    leads: () => state.leads,
    enter() {
      if (!state.leads) return undefined;
      state.entered += 1;
      return () => {
        state.left += 1;
      };
    },
    holder: () => 'pod-2',
    trouble: () => state.trouble,
  };
  return Object.assign(state, { election });
}

/** An API server of one Secret, with watches that a test cuts as it likes; what was asked of it is counted. */
export function fakeServer(content?: Content) {
  const kept = keeping(content);
  const asked: string[] = [];
  const watches = new Set<PassThrough>();
  const mood = {
    /** Why it cannot be connected to, read or watched. */
    lost: undefined as unknown,
    down: undefined as unknown,
    deaf: undefined as unknown,
    /** An answer to a read, or the opening of a watch, waits for it. */
    slow: undefined as Promise<unknown> | undefined,
    stuck: undefined as Promise<unknown> | undefined,
    signals: [] as (AbortSignal | undefined)[],
  };
  const tell = (type: 'ADDED' | 'MODIFIED' | 'DELETED', object: StoredSecret) => {
    for (const watch of watches) watch.write({ type, object });
  };
  const client: Partial<KubernetesClient> = {
    namespace: 'own',
    get: async (_object: unknown, { signal }: { readonly signal?: AbortSignal } = {}) => {
      asked.push('get');
      mood.signals.push(signal);
      // As it was when it was asked.
      const answer = mood.down ?? kept;
      const found = answer === kept ? attempt(kept.read) : answer;
      await mood.slow;
      if (signal?.aborted) throw fault('aborted');
      if (found instanceof Error) throw found;
      return found as never;
    },
    mergePatch: async (_object: unknown, version: string, patch: Patch) => {
      asked.push('patch');
      return kept.patch(version, patch) as never;
    },
    watch: async (_object: unknown, _seconds: number, { signal }: { readonly signal?: AbortSignal } = {}) => {
      asked.push('watch');
      await mood.stuck;
      if (mood.deaf) throw mood.deaf;
      const events = new PassThrough({ objectMode: true });
      events.on('error', () => {});
      events.on('close', () => watches.delete(events));
      if (signal) addAbortSignal(signal, events);
      watches.add(events);
      return events;
    },
  };
  const nothing = () => Promise.reject(new TypeError('that is not asked for'));
  const kubernetes: Kubernetes = {
    ...{ problems: nothing, updateSecret: nothing, close: nothing, inTurn: (_object, work) => work() },
    async client() {
      if (mood.lost) throw mood.lost;
      return client as KubernetesClient;
    },
  };
  return Object.assign(mood, {
    ...{ kubernetes, asked, read: kept.read },
    count: (what: string) => asked.filter((one) => one === what).length,
    watches: () => watches.size,
    write: (changes: Content) => tell('MODIFIED', kept.write(changes)),
    /** Nobody hears of it. */
    slip: kept.write,
    remove: () => tell('DELETED', kept.remove()),
    vanish: kept.remove,
    cut(error: Error) {
      for (const watch of watches) watch.destroy(error);
    },
  });
}

function attempt(read: () => StoredSecret): unknown {
  try {
    return read();
  } catch (error) {
    return error;
  }
}

/** Lets everything happen that waits for nothing. */
export async function settle(): Promise<void> {
  for (let times = 0; times < 10; times += 1) await turn();
}
