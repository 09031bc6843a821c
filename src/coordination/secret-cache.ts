import type { ClusterEvent } from '../core/cluster-event.ts';
import type { EdgeError, Failure } from '../core/failure.ts';
import type { Clock } from '../core/ports.ts';
import { SECOND } from '../core/time.ts';
import type { KubernetesClient, Patch } from '../kubernetes/client.ts';
import type { Kubernetes } from '../kubernetes/index.ts';
import { inWords, type ObjectName } from '../kubernetes/resources.ts';
import { type NamedWatch, watchNamed } from '../kubernetes/watch-named.ts';
import { createPause } from '../system/pause.ts';
import { createNewest, type StoredSecret } from './newest.ts';
import { createReachability } from './reachability.ts';

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

/** Between two looks while a watch tells of changes, and where none does; ms. */
const NET = 30 * SECOND;
const POLL = 2 * SECOND;

export function openSecret(options: SecretCacheOptions): SecretCache {
  const { kubernetes, object, clock, random, report, changed, recovered } = options;
  const ending = new AbortController();
  const pause = createPause();
  const newest = createNewest(changed);
  const reach = createReachability({ object: inWords(object), clock, report, recovered });
  let watch: NamedWatch | undefined;
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

  function watchIn(client: KubernetesClient): NamedWatch {
    return watchNamed(client, object, {
      clock,
      random,
      signal: ending.signal,
      onObject: hear,
      onGone: newest.heardGone,
      onTrouble(why) {
        // A look tells whether it is the server or the watch alone, and what else is wrong.
        if (why.class === 'refused') report({ type: 'trouble', object: inWords(object), failure: why });
        pause.end();
      },
    });
  }

  async function keep(): Promise<void> {
    while (!ending.signal.aborted) {
      await refresh().catch(() => {});
      if (ending.signal.aborted) break;
      watch ??= await kubernetes.client().then(watchIn, () => undefined);
      await pause.for(watch?.state().open ? NET : POLL * (1 + random()));
    }
    await watch?.ended;
  }

  const first = refresh().then(
    () => {},
    () => {},
  );
  const running = keep();

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
      pause.end();
      await running;
    },
  };
}
