import type { ClusterEvent } from '../../core/events/cluster.ts';
import { type EdgeError, type Failure, failureOf } from '../../core/failure.ts';
import type { Clock } from '../../core/ports.ts';
import { SECOND } from '../../core/time.ts';
import type { KubernetesClient, Patch } from '../../kubernetes/client.ts';
import type { Kubernetes } from '../../kubernetes/index.ts';
import { type ObjectName, objectLabel, type Stored } from '../../kubernetes/resources.ts';
import { type NamedWatch, watchNamed } from '../../kubernetes/watch-named.ts';
import { createPause } from '../../system/time/pause.ts';

/**
 * This process's copy of one Secret. A watch keeps it up to date, and reads at intervals do so if the watch silently
 * stops delivering events.
 */
export interface SecretCache {
  readonly object: ObjectName<'secrets'>;
  /** The Secret as last seen; undefined when it does not exist or has not been read yet. */
  now(): StoredSecret | undefined;
  /** Waits for the first read to end, whether it succeeds or fails. */
  ready(): Promise<void>;
  /** Reads the Secret; callers that overlap share one request. @throws {EdgeError} why it cannot be read */
  refresh(): Promise<StoredSecret>;
  /** Reads the Secret by a request that begins now. @throws {EdgeError} why it cannot be read */
  reread(): Promise<StoredSecret>;
  /**
   * Patches the Secret if it still has this resourceVersion.
   * @throws {EdgeError} `kube-conflict` when it has another one; or why it cannot be written
   */
  patch(version: string, patch: Patch): Promise<StoredSecret>;
  /** Why the last read failed; undefined when it succeeded. */
  failure(): Failure | undefined;
  /** The same, but only once the failure has lasted so long that it matters. */
  trouble(): Failure | undefined;
  /** Monotonic ms of the API server's last successful answer. */
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
  /** Called when the Secret has changed. */
  readonly changed: () => void;
  /** Called when the Secret can be read again after a failure. */
  readonly recovered: () => void;
}

/** Reads and watches the Secret from now on, until it is closed. */
export function openSecret(options: SecretCacheOptions): SecretCache {
  const { kubernetes, object, clock, random, report, changed, recovered } = options;
  const ending = new AbortController();
  const latest = createLatestVersion(changed);
  const reach = createReachability({
    ...{ object: objectLabel(object), clock, report },
    recovered() {
      watch.recovered();
      recovered();
    },
  });
  let under: Promise<StoredSecret> | undefined;

  function observe(object: StoredSecret): void {
    reach.succeeded();
    latest.observed(object);
  }

  async function reread(): Promise<StoredSecret> {
    const take = latest.beginRead();
    try {
      const found = await (await kubernetes.client()).get(object, { signal: ending.signal });
      reach.succeeded();
      take(found);
      return found;
    } catch (error) {
      if ((error as EdgeError).code === 'kube-missing') take(undefined);
      if (!ending.signal.aborted) reach.failed(error);
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
    ...{ look: refresh, failure: reach.failure, onObject: observe, onGone: latest.observedGone },
  });

  return {
    object,
    now: latest.now,
    ready: () => first,
    refresh,
    reread,
    async patch(version, patch) {
      const stored = await (await kubernetes.client()).mergePatch(object, version, patch);
      observe(stored);
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

/** The latest known version of an object, whose responses and watch events arrive out of order. */
export interface LatestVersion {
  now(): StoredSecret | undefined;
  /** Takes in a watch event or the response to a write; a version older than the known one is ignored. */
  observed(object: StoredSecret): void;
  /** Takes in a deletion; `last` is the last version of the object. */
  observedGone(last: StoredSecret): void;
  /**
   * To be called before the object is read. The result of the read counts even if its version is older, as after a
   * restored backup, unless an event arrived meanwhile: then it counts only if it is newer.
   * @returns takes the object that was read, or undefined when it does not exist
   */
  beginRead(): (found: StoredSecret | undefined) => void;
}

/** @param changed called when the known version has changed */
export function createLatestVersion(changed: () => void): LatestVersion {
  let known: StoredSecret | undefined;
  /** Number of accepted versions: tells a read whether an event overtook it. */
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
    observed(object) {
      if (isNews(object)) take(object);
    },
    observedGone(last) {
      if (isNews(last)) take(undefined);
    },
    beginRead() {
      const turn = turns;
      return (found) => {
        if (turn === turns || (found && isNews(found))) take(found);
      };
    },
  };
}

/** Resource versions count up, and an object that is created again continues the count. */
function isOlder(a: StoredSecret, b: StoredSecret): boolean {
  return BigInt(a.metadata.resourceVersion) < BigInt(b.metadata.resourceVersion);
}

/** Keeps whether an object of the cluster can be read, and since when it cannot. */
export interface Reachability {
  succeeded(): void;
  failed(error: unknown): void;
  /** Why the last read failed; undefined when it succeeded. */
  failure(): Failure | undefined;
  /** The same, but only once the failure has lasted so long that it matters. */
  trouble(): Failure | undefined;
  /** Monotonic ms of the API server's last successful answer. */
  syncedAt(): number | undefined;
}

export interface ReachabilityOptions {
  /** The object's name for people. */
  readonly object: string;
  readonly clock: Clock;
  readonly report: (event: ClusterEvent) => void;
  readonly recovered: () => void;
}

/** A failure that has lasted less than this is no reason to do without the Secret; ms. */
const TOLERANCE = 10 * SECOND;

/** Reports each failure and the first success after failures. */
export function createReachability({ object, clock, report, recovered }: ReachabilityOptions): Reachability {
  let failure: Failure | undefined;
  let synced: number | undefined;

  return {
    succeeded() {
      synced = clock.now().monotonic;
      if (!failure) return;
      failure = undefined;
      report({ type: 'well', object });
      recovered();
    },
    failed(error) {
      failure = failureOf(error, 'none');
      report({ type: 'trouble', object, failure });
    },
    failure: () => failure,
    trouble() {
      const since = synced === undefined ? Number.POSITIVE_INFINITY : clock.now().monotonic - synced;
      return since >= TOLERANCE ? failure : undefined;
    },
    syncedAt: () => synced,
  };
}

/**
 * Keeps the copy of a Secret up to date with a watch, and with reads at intervals in case the watch is silently dead.
 */
export interface SecretWatch {
  /** To be called when the API server answers again: reopens the watch at once. */
  recovered(): void;
  /** Resolves after `signal` has aborted, when no callback will be called any more. */
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
  /** Reads the Secret. */
  readonly look: () => Promise<unknown>;
  /** Why the last read failed; undefined when it succeeded. */
  readonly failure: () => Failure | undefined;
  readonly onObject: (object: StoredSecret) => void;
  readonly onGone: (last: StoredSecret) => void;
}

/** Interval between two reads (ms) while a watch is open, and while none is. */
const REREAD_INTERVAL = 30 * SECOND;
const POLL_INTERVAL = 2 * SECOND;

/**
 * The same while the API server does not answer, ms. A short interval notices soon that the server is back, and costs
 * the server nothing until then.
 */
const RECONNECT_INTERVAL = 0.3 * SECOND;
const NO_ANSWER = /^kube-(unreachable|timeout|cut)$/;

/** Reads the Secret at once, then watches and re-reads it until `signal` aborts. */
export function keepWatching(options: SecretWatchOptions): SecretWatch {
  const { kubernetes, object, clock, random, report, signal, look, failure, onObject, onGone } = options;
  const pause = createPause();
  let watch: NamedWatch | undefined;
  signal.addEventListener('abort', pause.end);

  function watchIn(client: KubernetesClient): NamedWatch {
    return watchNamed(client, object, {
      ...{ clock, random, signal, onObject, onGone },
      onTrouble(why) {
        // The next read shows whether the server fails or only the watch, and reports any other error.
        if (why.class === 'refused') report({ type: 'trouble', object: objectLabel(object), failure: why });
        pause.end();
      },
    });
  }

  function untilNext(): number {
    if (NO_ANSWER.test(failure()?.code ?? '')) return RECONNECT_INTERVAL * (1 + random());
    return watch?.state().open ? REREAD_INTERVAL : POLL_INTERVAL * (1 + random());
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
