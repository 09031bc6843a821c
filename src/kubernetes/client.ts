import { EdgeError } from '../core/failure.ts';
import type { Clock } from '../core/ports.ts';
import { createGrace, type Refusal, refusalOf } from './api-errors.ts';
import type { Connection } from './connection-types.ts';
import { createWire, TIMEOUTS, type Timeouts, type WireRequest } from './http.ts';
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

/** What a merge patch may say: never `data: null`, which would delete the keys of everybody. */
export interface Patch {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string | null>> };
  /** Of a Secret: values in base64; null removes a key. */
  readonly data?: Readonly<Record<string, string | null>>;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

/**
 * The few things that are asked of an API server. Nothing is retried, no redirect followed, and nothing sent without a
 * version that a compare-and-set needs. All but `close` reject with an {@link EdgeError}; where its `effect` is
 * `unknown`, a write may have been made, or be made later still: read again.
 */
export interface KubernetesClient {
  /** The one to use where none is said: that of the pod, or of the kubeconfig. */
  readonly namespace: string;
  get<R extends Resource>(object: ObjectName<R>, options?: CallOptions): Promise<Stored<R>>;
  /**
   * Changes what the patch names and leaves all else alone.
   * @param resourceVersion of the object as it was read; another one by now is `kube-conflict`
   * @throws {TypeError} for one that would silently make it unconditional
   */
  mergePatch<R extends Resource>(
    object: ObjectName<R>,
    resourceVersion: string,
    patch: Patch,
    options?: CallOptions & { readonly dryRun?: boolean },
  ): Promise<Stored<R>>;
  /** Replaces the whole object, on the condition that it is still of the version that it says. */
  replace<R extends Resource>(
    object: ObjectName<R>,
    whole: Stored<R>,
    options?: CallOptions & { readonly dryRun?: boolean },
  ): Promise<Stored<R>>;
  /**
   * What is there, then every change, until the server ends it in order: it may at any time. Resolves once it is open.
   * @param seconds after which the server is asked to end it
   */
  watch<R extends Resource>(
    object: ObjectName<R>,
    seconds: number,
    options?: CallOptions,
  ): Promise<AsyncIterable<WatchEvent<R>>>;
  /** Ends everything under way. */
  close(): Promise<void>;
}

/** Everything but the writing: it needs the same right. */
const DRY_RUN = '?dryRun=All';

export interface ClientOptions {
  readonly clock: Clock;
  readonly timeouts?: Partial<Timeouts>;
}

export function createClient(connection: Connection, { clock, timeouts }: ClientOptions): KubernetesClient {
  const wire = createWire(connection, { ...TIMEOUTS, ...timeouts });
  const grace = createGrace(clock);

  /** Of a 401 all calls share the cause, of a 403 those that need the same right. */
  function refused(refusal: Omit<Refusal, 'lasting'>): EdgeError {
    const { verb, object, status } = refusal;
    const what = status === 401 ? '401' : status === 403 ? `${verb} ${objectPath(object)}` : undefined;
    return refusalOf({ ...refusal, lasting: what !== undefined && grace.refused(what) });
  }

  function accepted({ verb, object }: Pick<Refusal, 'verb' | 'object'>): void {
    grace.accepted('401');
    grace.accepted(`${verb} ${objectPath(object)}`);
  }

  async function call<R extends Resource>(
    what: Pick<Refusal, 'verb'> & { readonly object: ObjectName<R> },
    request: WireRequest,
  ): Promise<Stored<R>> {
    const { status, text } = await wire.call(request);
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
      const { status, text, body } = await wire.open({ method: 'GET', target, ...(signal && { signal }) });
      if (!body) throw refused({ ...what, status, text });
      accepted(what);
      return readEvents(object, body, connection, refused);
    },
    close: wire.close,
  };
}

/** What to do with a Secret as it was just read: change it, or leave what is there and say why. */
export type Decision =
  | { readonly write: Patch; readonly leave?: never }
  /** `same`: what would be written is there; `newer`: something newer is. */
  | { readonly write?: never; readonly leave: 'same' | 'newer' };

export type Update = 'written' | 'same' | 'newer';

/** Eight who write one Secret at the same time need up to thirteen; what is still in the way after so many, passes. */
const TRIES = 8;

/**
 * Changes a Secret by compare-and-set. Whoever was faster makes it be read again and decided anew. After a write of
 * which nobody knows what came it is read again as well: it may have been made, and where not, it may still be, though
 * not on top of what others write meanwhile, since it is bound to the version that it was made for.
 * @throws {EdgeError} why it could not be read or written
 */
export async function updateSecret(
  client: Pick<KubernetesClient, 'get' | 'mergePatch'>,
  secret: ObjectName<'secrets'>,
  decide: (found: Stored<'secrets'>) => Promise<Decision>,
): Promise<Update> {
  let lost: EdgeError | undefined;
  for (let tries = 1; ; tries += 1) {
    const found = await client.get(secret).catch((error: unknown) => {
      throw isInDoubt(lost) ? lost : error;
    });
    const { write, leave } = await decide(found);
    if (leave) return leave === 'same' && isInDoubt(lost) ? 'written' : leave;
    if (isInDoubt(lost)) throw lost;
    try {
      await client.mergePatch(secret, found.metadata.resourceVersion, write);
      return 'written';
    } catch (error) {
      if (!(error instanceof EdgeError) || tries >= TRIES) throw error;
      if (error.code !== 'kube-conflict' && !isInDoubt(error)) throw error;
      lost = error;
    }
  }
}

function isInDoubt(error: EdgeError | undefined): error is EdgeError {
  return error?.failure.effect === 'unknown';
}
