import type { Subject } from '../../codec/details.ts';
import {
  encodePart,
  isSamePart,
  type Keys,
  keysOf,
  type Part,
  partOf,
  patchOf,
} from '../../codec/secret-layout.ts';
import type { Kind } from '../../core/credential.ts';
import { EdgeError, failureOf, PASSING } from '../../core/failure.ts';
import type { AccountStore, Lease } from '../../core/ports.ts';
import { type FailureDetails, immutable, tooLarge } from '../../kubernetes/api-errors.ts';
import type { Kubernetes } from '../../kubernetes/index.ts';
import { objectLabel } from '../../kubernetes/resources.ts';
import type { Election } from '../lease/election.ts';
import type { SecretCache, StoredSecret } from './secret-cache.ts';
import { secretReader, type Warn } from './secret-reader.ts';
import { leaveRequest } from './secret-requests.ts';

export interface SecretStoreOptions {
  readonly account: string;
  readonly subject: Subject & { readonly kind: Kind };
  readonly cache: SecretCache;
  readonly kubernetes: Pick<Kubernetes, 'inTurn'>;
  /** Who may fetch. */
  readonly election: Election;
  /** Told once of each reason why a record cannot be used; the daemon goes on as if there were none. */
  readonly warn: Warn;
}

/** Others write into the same Secret all the time, each a key of its own; so often in a row is no coincidence. */
const MOST_TRIES = 20;

const OTHER_ACCOUNT = 'the daemon that leads takes this credential for another account, so it is not asked';

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
  const reader = secretReader({ account, subject, keys, cache, election, warn });
  let unlocked: unknown;

  /** What others see as another account is the leader's to replace: two who both did would never end. */
  const isTheirs = (part: Part) => !election.leads() && reader.isDisputed(part);

  async function write(wanted: Part, base: Part): Promise<void> {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const secret = cache.now() ?? (await cache.reread());
      const found = partOf(secret, keys);
      // Our own, of which no answer came.
      if (tries > 0 && isSamePart(found, { ...base, ...wanted })) return;
      if (!isSamePart(found, base) || isTheirs(found)) throw superseded();
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
    return passing('lock-lost', `the ${objectLabel(cache.object)} was written by another daemon meanwhile`);
  }

  return {
    read: reader.read,
    isPartial: reader.isPartial,
    async write(record, lease) {
      const base = bases.get(lease);
      if (!base) throw unlocked ?? superseded();
      const wanted = encodePart(record, subject);
      await kubernetes.inTurn(cache.object, () => write(wanted, base));
      bases.set(lease, { ...base, ...wanted });
    },
    async lock(purpose) {
      let leave: (() => void) | undefined;
      let lease: Lease | undefined;
      try {
        leave = purpose === 'fetch' ? election.enter() : () => {};
        if (!leave) {
          const trouble = election.leads() ? undefined : (election.trouble() ?? cache.trouble());
          if (trouble) throw new EdgeError(trouble);
          return undefined;
        }
        const known = cache.now();
        // Nothing to ask the server for again and again.
        if (known && isTheirs(partOf(known, keys))) return undefined;
        const secret = await cache.refresh();
        const base = partOf(secret, keys);
        if (isTheirs(base)) return undefined;
        if (purpose === 'fetch') checkRoom(secret, keys, objectLabel(cache.object));
        const isHeld = election.leads;
        lease = { held: async () => isHeld(), isHeld, release: async () => leave?.() };
        bases.set(lease, base);
        return lease;
      } catch (error) {
        unlocked = error;
        throw error;
      } finally {
        if (!lease) leave?.();
      }
    },
    async handOver(request) {
      const known = cache.now();
      // Whoever leads would refresh another account for it.
      if (known && isTheirs(partOf(known, keys))) throw passing('kube-contested', OTHER_ACCOUNT);
      await leaveRequest(request, { cache, kubernetes, annotation: keys.request });
    },
    syncedAt: cache.syncedAt,
  };
}

function passing(code: string, message: string): EdgeError {
  return new EdgeError({ class: 'passing', code, message, effect: 'none', backoff: PASSING });
}

/** What an API server takes of all values together, in bytes. */
const MOST = 1024 * 1024;

/** A token of the usual length, once alone and once among its details. */
const USUAL = 2048;

/** A token may be somewhat longer than the one before. */
const GROWTH = 512;

/**
 * Asked before a token is fetched for a Secret, since the one before may die of it: what cannot be kept is not fetched.
 * @param where the Secret, in words
 * @throws {EdgeError} why it cannot hold what would come
 */
export function checkRoom({ immutable: isFixed, data = {} }: StoredSecret, keys: Keys, where: string): void {
  if (isFixed) throw refused(immutable(where));
  let [own, others] = [0, 0];
  for (const [key, base64] of Object.entries(data)) {
    const size = Buffer.byteLength(base64, 'base64');
    if (key === keys.value || key === keys.entry) own += size;
    else others += size;
  }
  if (others + Math.max(USUAL, own + GROWTH) > MOST) throw refused(tooLarge(where));
}

function refused(told: FailureDetails): EdgeError {
  return new EdgeError({ class: 'refused', effect: 'unsent', backoff: PASSING, ...told });
}
