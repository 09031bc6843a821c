import type { ClusterEvent } from '../../core/events/cluster.ts';
import { type EdgeError, type Failure, failureOf } from '../../core/failure.ts';
import type { Clock } from '../../core/ports.ts';
import { SECOND } from '../../core/time.ts';
import type { KubernetesClient, Patch } from '../../kubernetes/client.ts';
import type { Kubernetes } from '../../kubernetes/index.ts';
import { type ObjectName, objectLabel, type Stored } from '../../kubernetes/resources.ts';
import { type NamedWatch, watchNamed } from '../../kubernetes/watch-named.ts';
import { createPause } from '../../system/time/pause.ts';

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
    ...{ object: objectLabel(object), clock, report },
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

export type StoredSecret = Stored<'secrets'>;

/** The newest that is known of an object, of which answers and events tell out of order. */
export interface Newest {
  now(): StoredSecret | undefined;
  /** Of an event, or of an answer to a write: an older one than is known says nothing. */
  heard(object: StoredSecret): void;
  /** It was deleted; this is what it held last. */
  heardGone(last: StoredSecret): void;
  /**
   * To be called before it is read. What is given to the result is how it is, also where a backup was put back, unless
   * something was heard meanwhile.
   * @returns takes what was read; undefined where it is not there
   */
  reading(): (found: StoredSecret | undefined) => void;
}

/** @param changed told when it is another one than before */
export function createNewest(changed: () => void): Newest {
  let known: StoredSecret | undefined;
  /** Counts what was taken over, so that an answer knows whether it was overtaken. */
  let turns = 0;

  const isNews = (object: StoredSecret) => !known || !isOlder(object, known);

  function take(next: StoredSecret | undefined): void {
    const before = known;
    known = next;
    turns += 1;
    if (before?.metadata.resourceVersion !== next?.metadata.resourceVersion) changed();
  }

  return {
    now: () => known,
    heard(object) {
      if (isNews(object)) take(object);
    },
    heardGone(last) {
      if (isNews(last)) take(undefined);
    },
    reading() {
      const turn = turns;
      return (found) => {
        if (turn === turns || (found && isNews(found))) take(found);
      };
    },
  };
}

/** Versions count up; those of an object that was made anew go on from the others. */
function isOlder(a: StoredSecret, b: StoredSecret): boolean {
  return BigInt(a.metadata.resourceVersion) < BigInt(b.metadata.resourceVersion);
}

/** Whether an object of the cluster can be read, and since when it cannot. */
export interface Reachability {
  good(): void;
  bad(error: unknown): void;
  /** Why the last look failed; undefined where it did not. */
  failure(): Failure | undefined;
  /** The same, once it has lasted for so long that it matters. */
  trouble(): Failure | undefined;
  /** Monotonic ms at which the server last answered well. */
  syncedAt(): number | undefined;
}

export interface ReachabilityOptions {
  /** In words. */
  readonly object: string;
  readonly clock: Clock;
  readonly report: (event: ClusterEvent) => void;
  readonly recovered: () => void;
}

/** What lasts no longer is no reason to go on without; ms. */
const PATIENCE = 10 * SECOND;

export function createReachability({ object, clock, report, recovered }: ReachabilityOptions): Reachability {
  let failure: Failure | undefined;
  let synced: number | undefined;

  return {
    good() {
      synced = clock.now().monotonic;
      if (!failure) return;
      failure = undefined;
      report({ type: 'well', object });
      recovered();
    },
    bad(error) {
      failure = failureOf(error, 'none');
      report({ type: 'trouble', object, failure });
    },
    failure: () => failure,
    trouble() {
      const since = synced === undefined ? Number.POSITIVE_INFINITY : clock.now().monotonic - synced;
      return since >= PATIENCE ? failure : undefined;
    },
    syncedAt: () => synced,
  };
}

/** Keeps what is known of a Secret up to date: by a watch, and by a look now and then, should the watch be deaf. */
export interface SecretWatch {
  /** The server answers again. */
  recovered(): void;
  /** Resolves after the signal, when nothing is told any more. */
  readonly ended: Promise<void>;
}

export interface SecretWatchOptions {
  readonly kubernetes: Kubernetes;
  readonly object: ObjectName<'secrets'>;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly report: (event: ClusterEvent) => void;
  readonly signal: AbortSignal;
  /** Reads it. */
  readonly look: () => Promise<unknown>;
  /** Why the last look failed. */
  readonly failure: () => Failure | undefined;
  readonly onObject: (object: StoredSecret) => void;
  readonly onGone: (last: StoredSecret) => void;
}

/** Between two looks while a watch tells of changes, and where none does; ms. */
const NET = 30 * SECOND;
const POLL = 2 * SECOND;

/** The same while nobody answers: to be there soon after the server is costs it nothing until then; ms. */
const KNOCK = 0.3 * SECOND;
const SILENT = /^kube-(unreachable|timeout|cut)$/;

export function keepWatching(options: SecretWatchOptions): SecretWatch {
  const { kubernetes, object, clock, random, report, signal, look, failure, onObject, onGone } = options;
  const pause = createPause();
  let watch: NamedWatch | undefined;
  signal.addEventListener('abort', pause.end);

  function watchIn(client: KubernetesClient): NamedWatch {
    return watchNamed(client, object, {
      ...{ clock, random, signal, onObject, onGone },
      onTrouble(why) {
        // A look tells whether it is the server or the watch alone, and what else is wrong.
        if (why.class === 'refused') report({ type: 'trouble', object: objectLabel(object), failure: why });
        pause.end();
      },
    });
  }

  function untilNext(): number {
    if (SILENT.test(failure()?.code ?? '')) return KNOCK * (1 + random());
    return watch?.state().open ? NET : POLL * (1 + random());
  }

  async function keep(): Promise<void> {
    while (!signal.aborted) {
      await look().catch(() => {});
      if (signal.aborted) break;
      watch ??= await kubernetes.client().then(watchIn, () => undefined);
      await pause.for(untilNext());
    }
    await watch?.ended;
  }

  return { recovered: () => watch?.reopen(), ended: keep() };
}
