import type { Kind } from '../core/credential.ts';
import { EdgeError, type Failure, failureOf, PASSING } from '../core/failure.ts';
import type { AccountStore, Lease } from '../core/ports.ts';
import type { Kubernetes } from '../kubernetes/index.ts';
import { inWords } from '../kubernetes/resources.ts';
import type { SecretCache } from './secret-cache.ts';
import type { Subject } from './secret-entry.ts';
import { decodePart, encodePart, isSamePart, keysOf, type Part, partOf, patchOf } from './secret-layout.ts';
import { leaveRequest } from './secret-requests.ts';

export interface SecretStoreOptions {
  readonly account: string;
  readonly subject: Subject & { readonly kind: Kind };
  readonly cache: SecretCache;
  readonly kubernetes: Pick<Kubernetes, 'inTurn'>;
  /** Who may fetch. */
  readonly election: { leads(): boolean; trouble(): Failure | undefined };
  /** Told once of each reason why a record cannot be used; the daemon goes on as if there were none. */
  readonly warn: (message: string) => void;
}

/** Others write into the same Secret all the time, each a key of its own; so often in a row is no coincidence. */
const MOST_TRIES = 20;

/**
 * The record of one account in a Secret. A write is made on the condition that nothing of it has changed since the lock
 * was taken: that was before the platform was asked, so that what was fetched meanwhile is never overwritten. The lock
 * itself only says who fetches.
 */
export function secretStore(options: SecretStoreOptions): AccountStore {
  const { account, subject, cache, kubernetes, election, warn } = options;
  const keys = keysOf(subject.name, subject.kind);
  /** What was there when the lock was taken, or what has been written since. */
  const bases = new WeakMap<Lease, Part>();
  let complained: string | undefined;
  let unlocked: unknown;

  const currentPart = (): Part | undefined => {
    const secret = cache.now();
    return secret && partOf(secret, keys);
  };

  async function write(wanted: Part, base: Part): Promise<void> {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const secret = cache.now() ?? (await cache.reread());
      const found = partOf(secret, keys);
      // Our own, of which no answer came.
      if (tries > 0 && isSamePart(found, { ...base, ...wanted })) return;
      if (!isSamePart(found, base)) throw superseded();
      try {
        await cache.patch(secret.metadata.resourceVersion, patchOf(wanted, base, keys));
        return;
      } catch (error) {
        const { code, effect } = failureOf(error, 'none');
        if (code !== 'kube-conflict' && effect !== 'unknown') throw error;
        // Whether it was written only the Secret can tell, and what was written is known there at once.
        await cache.reread();
      }
    }
    throw superseded();
  }

  function superseded(): EdgeError {
    const message = `the ${inWords(cache.object)} was written by another daemon meanwhile`;
    return new EdgeError({ class: 'passing', code: 'lock-lost', message, effect: 'none', backoff: PASSING });
  }

  return {
    async read() {
      await cache.ready();
      try {
        const part = currentPart();
        const record = part && decodePart(part, account);
        complained = undefined;
        return record;
      } catch (error) {
        const { message } = error as Error;
        if (message !== complained)
          warn(`ignoring ${keys.value} of the ${inWords(cache.object)}: ${message}`);
        complained = message;
        return undefined;
      }
    },
    async write(record, lease) {
      const base = bases.get(lease);
      if (!base) throw unlocked ?? superseded();
      const wanted = encodePart(record, subject);
      await kubernetes.inTurn(cache.object, () => write(wanted, base));
      bases.set(lease, { ...base, ...wanted });
    },
    async lock(purpose) {
      try {
        if (purpose === 'fetch' && !election.leads()) {
          const trouble = election.trouble() ?? cache.trouble();
          if (trouble) throw new EdgeError(trouble);
          return undefined;
        }
        const base = partOf(await cache.refresh(), keys);
        const isHeld = election.leads;
        const lease: Lease = { held: async () => isHeld(), isHeld, release: async () => {} };
        bases.set(lease, base);
        return lease;
      } catch (error) {
        unlocked = error;
        throw error;
      }
    },
    handOver: (wish) => leaveRequest(wish, { cache, kubernetes, annotation: keys.request }),
    syncedAt: cache.syncedAt,
  };
}
