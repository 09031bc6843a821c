import type { EdgeError } from '../core/failure.ts';
import type { Clock } from '../core/ports.ts';
import { apiError, createRefusalDebounce, type Refusal } from './api-errors.ts';
import { compareAndSet, type Wish } from './compare-and-set.ts';
import type { Connection } from './connection-types.ts';
import { createHttpClient, type HttpRequest, TIMEOUTS, type Timeouts } from './http.ts';
import { readObject } from './read-object.ts';
import {
  collectionPath,
  isResourceVersion,
  type ObjectName,
  objectPath,
  type Resource,
  type Stored,
} from './resources.ts';
import { readEvents, type WatchEvent } from './watch-events.ts';

/** A JSON merge patch. The type excludes `data: null`, which would delete the keys of every other writer. */
export interface Patch {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string | null>> };
  /** Data of a Secret: values in base64; null removes a key. */
  readonly data?: Readonly<Record<string, string | null>>;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

/**
 * The few requests that the daemon makes to an API server. The client retries nothing, follows no redirect, and
 * sends no write without the version that a compare-and-set needs. All methods but `close` reject with an {@link
 * EdgeError}. When its `effect` is `unknown`, the write may have been made or may still be made: read the object
 * again.
 */
export interface KubernetesClient {
  /** Namespace of objects that are configured without one: that of the pod, or of the kubeconfig. */
  readonly namespace: string;
  get<R extends Resource>(object: ObjectName<R>, options?: CallOptions): Promise<Stored<R>>;
  /**
   * Changes what the patch names and leaves everything else alone.
   * @param resourceVersion of the object as the caller read it; if it has changed since, the patch fails with
   *   `kube-conflict`
   * @throws {TypeError} for a version that would silently make the patch unconditional
   */
  mergePatch<R extends Resource>(
    object: ObjectName<R>,
    resourceVersion: string,
    patch: Patch,
    options?: CallOptions & { readonly dryRun?: boolean },
  ): Promise<Stored<R>>;
  /**
   * Replaces the whole object, provided that its version is still the one in `whole`.
   * @throws {TypeError} for a version that would silently make the update unconditional
   */
  replace<R extends Resource>(
    object: ObjectName<R>,
    whole: Stored<R>,
    options?: CallOptions & { readonly dryRun?: boolean },
  ): Promise<Stored<R>>;
  /**
   * Reports the object as it is and then every change, until the server ends the watch cleanly, which it may do at
   * any time. Resolves when the watch is open.
   * @param seconds after which the server is asked to end the watch
   */
  watch<R extends Resource>(
    object: ObjectName<R>,
    seconds: number,
    options?: CallOptions,
  ): Promise<AsyncIterable<WatchEvent<R>>>;
  /** Aborts all requests and watches. */
  close(): Promise<void>;
}

/** The server does everything except store the result; a dry run needs the same right as the write. */
const DRY_RUN = '?dryRun=All';

export interface ClientOptions {
  readonly clock: Clock;
  readonly timeouts?: Partial<Timeouts>;
}

/** Creates a client. It sends nothing by itself and must be closed. */
export function createClient(connection: Connection, { clock, timeouts }: ClientOptions): KubernetesClient {
  const http = createHttpClient(connection, { ...TIMEOUTS, ...timeouts });
  const debounce = createRefusalDebounce(clock);

  /**
   * Groups refusals by cause: all calls share that of a 401, calls that need the same right share that of a 403.
   */
  function refused(refusal: Omit<Refusal, 'lasting'>): EdgeError {
    const { verb, object, status } = refusal;
    const what = status === 401 ? '401' : status === 403 ? `${verb} ${objectPath(object)}` : undefined;
    return apiError({ ...refusal, lasting: what !== undefined && debounce.refused(what) });
  }

  function accepted({ verb, object }: Pick<Refusal, 'verb' | 'object'>): void {
    debounce.accepted('401');
    debounce.accepted(`${verb} ${objectPath(object)}`);
  }

  async function call<R extends Resource>(
    what: Pick<Refusal, 'verb'> & { readonly object: ObjectName<R> },
    request: HttpRequest,
  ): Promise<Stored<R>> {
    const { status, text } = await http.call(request);
    if (status < 200 || status > 299) throw refused({ ...what, status, text });
    accepted(what);
    return readObject(what.object, text, what.verb === 'get' ? 'none' : 'unknown');
  }

  return {
    namespace: connection.namespace,
    get: (object, options) =>
      call({ verb: 'get', object }, { method: 'GET', target: objectPath(object), ...options }),
    async mergePatch(object, resourceVersion, patch, { dryRun = false, ...options } = {}) {
      if (!isResourceVersion(resourceVersion)) throw new TypeError('a patch needs the version that was read');
      const metadata = { ...patch.metadata, resourceVersion };
      return call(
        { verb: 'patch', object },
        {
          method: 'PATCH',
          target: `${objectPath(object)}${dryRun ? DRY_RUN : ''}`,
          contentType: 'application/merge-patch+json',
          body: JSON.stringify({ ...patch, metadata }),
          ...options,
        },
      );
    },
    async replace(object, whole, { dryRun = false, ...options } = {}) {
      if (!isResourceVersion(whole.metadata.resourceVersion))
        throw new TypeError('an update needs the version that was read');
      return call(
        { verb: 'update', object },
        {
          method: 'PUT',
          target: `${objectPath(object)}${dryRun ? DRY_RUN : ''}`,
          contentType: 'application/json',
          body: JSON.stringify(whole),
          ...options,
        },
      );
    },
    async watch(object, seconds, { signal } = {}) {
      const what = { verb: 'watch', object } as const;
      const query = new URLSearchParams({
        watch: '1',
        fieldSelector: `metadata.name=${object.name}`,
        allowWatchBookmarks: 'true',
        timeoutSeconds: String(Math.ceil(seconds)),
      });
      const target = `${collectionPath(object)}?${query}`;
      const { status, text, body } = await http.open({ method: 'GET', target, ...(signal && { signal }) });
      if (!body) throw refused({ ...what, status, text });
      accepted(what);
      return readEvents(object, body, connection, refused);
    },
    close: http.close,
  };
}

/**
 * What to do with a Secret that was just read: write a patch, or leave it and say why. `same`: it already contains what
 * would be written; `newer`: it contains something newer.
 */
export type Decision = Wish<Patch, 'same' | 'newer'>;

/** Outcome of an update: written, or left alone for the reason that {@link Decision} gives. */
export type Update = 'written' | 'same' | 'newer';

/**
 * Attempts per update. Eight concurrent writers of one Secret need up to thirteen; a conflict that remains after this
 * many is a passing failure.
 */
const MAX_ATTEMPTS = 8;

/**
 * Changes a Secret by {@link compareAndSet}: on a conflict with another writer it reads the Secret again and calls
 * `decide` anew. A write whose outcome is unknown may still be made later, though not over later writes of others,
 * because it is bound to the version that it was based on.
 * @throws {EdgeError} why the Secret could not be read or written
 */
export async function updateSecret(
  client: Pick<KubernetesClient, 'get' | 'mergePatch'>,
  secret: ObjectName<'secrets'>,
  decide: (found: Stored<'secrets'>, again: boolean) => Promise<Decision>,
): Promise<Update> {
  const read = () => client.get(secret);
  const { written, leave, inDoubt } = await compareAndSet<Stored<'secrets'>, Patch, 'same' | 'newer'>({
    ...{ known: read, reread: read, decide, mostTries: MAX_ATTEMPTS },
    write: (patch, found) => client.mergePatch(secret, found.metadata.resourceVersion, patch),
  });
  if (written) return 'written';
  return leave === 'same' && inDoubt ? 'written' : leave;
}
