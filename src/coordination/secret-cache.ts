import type { ClusterEvent } from '../core/cluster-event.ts';
import type { EdgeError, Failure } from '../core/failure.ts';
import type { Clock } from '../core/ports.ts';
import type { Patch } from '../kubernetes/client.ts';
import type { Kubernetes } from '../kubernetes/index.ts';
import { inWords, type ObjectName } from '../kubernetes/resources.ts';
import { createNewest, type StoredSecret } from './newest.ts';
import { createReachability } from './reachability.ts';
import { keepWatching } from './secret-watch.ts';

/** One Secret as this process knows it: a watch keeps it, and a look now and then, should the watch be deaf. */
export interface SecretCache {
  readonly object: ObjectName<'secrets'>;
  /** As it was last seen; undefined where it is not there, or has not been seen yet. */
  now(): StoredSecret | undefined;
  /** Waits for the first look to end, however it ends. */
  ready(): Promise<void>;
  /** Reads it; who asks while somebody else does is told the same. @throws {EdgeError} */
  refresh(): Promise<StoredSecret>;
  /** Reads it, by a request that begins now. @throws {EdgeError} */
  reread(): Promise<StoredSecret>;
  /** Changes it, if it is still of that version. @throws {EdgeError} */
  patch(version: string, patch: Patch): Promise<StoredSecret>;
  /** Why the last look failed; undefined where it did not. */
  failure(): Failure | undefined;
  /** The same, once it has lasted for so long that it matters. */
  trouble(): Failure | undefined;
  /** Monotonic ms at which the server last answered well. */
  syncedAt(): number | undefined;
  close(): Promise<void>;
}

export interface SecretCacheOptions {
  readonly kubernetes: Kubernetes;
  readonly object: ObjectName<'secrets'>;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly report: (event: ClusterEvent) => void;
  /** Told when it is another one than before. */
  readonly changed: () => void;
  /** Told when it is known again after some trouble. */
  readonly recovered: () => void;
}

export function openSecret(options: SecretCacheOptions): SecretCache {
  const { kubernetes, object, clock, random, report, changed, recovered } = options;
  const ending = new AbortController();
  const newest = createNewest(changed);
  const reach = createReachability({
    ...{ object: inWords(object), clock, report },
    recovered() {
      watch.recovered();
      recovered();
    },
  });
  let under: Promise<StoredSecret> | undefined;

  function hear(object: StoredSecret): void {
    reach.good();
    newest.heard(object);
  }

  async function reread(): Promise<StoredSecret> {
    const take = newest.reading();
    try {
      const found = await (await kubernetes.client()).get(object, { signal: ending.signal });
      reach.good();
      take(found);
      return found;
    } catch (error) {
      if ((error as EdgeError).code === 'kube-missing') take(undefined);
      if (!ending.signal.aborted) reach.bad(error);
      throw error;
    }
  }

  function refresh(): Promise<StoredSecret> {
    under ??= reread().finally(() => {
      under = undefined;
    });
    return under;
  }

  const first = refresh().then(
    () => {},
    () => {},
  );
  const watch = keepWatching({
    ...{ kubernetes, object, clock, random, report, signal: ending.signal },
    ...{ look: refresh, failure: reach.failure, onObject: hear, onGone: newest.heardGone },
  });

  return {
    object,
    now: newest.now,
    ready: () => first,
    refresh,
    reread,
    async patch(version, patch) {
      const stored = await (await kubernetes.client()).mergePatch(object, version, patch);
      hear(stored);
      return stored;
    },
    failure: reach.failure,
    trouble: reach.trouble,
    syncedAt: reach.syncedAt,
    async close() {
      ending.abort();
      await watch.ended;
    },
  };
}
