import type { Subject } from '../../codec/details.ts';
import {
  encodePart,
  hasRoomFor,
  isSamePart,
  type Keys,
  keptKeyOf,
  keysOf,
  laterVersionOf,
  type Part,
  partOf,
  patchOf,
} from '../../codec/secret-layout.ts';
import type { Kind } from '../../core/credential.ts';
import { EdgeError, failureOf, PASSING } from '../../core/failure.ts';
import type { AccountStore, Lease } from '../../core/ports.ts';
import type { Text } from '../../core/text.ts';
import { type FailureDetails, immutable, tooLarge } from '../../kubernetes/api-errors.ts';
import type { Patch } from '../../kubernetes/client.ts';
import { compareAndSet } from '../../kubernetes/compare-and-set.ts';
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
  /** Decides which daemon may fetch. */
  readonly election: Election;
  /** Called once for each reason why a record cannot be used; the daemon then goes on as if there were no record. */
  readonly warn: Warn;
}

/**
 * Attempts of one write. Other daemons often write other keys of the same Secret, and each of their writes is a
 * conflict; this many conflicts in a row are no coincidence.
 */
const MOST_TRIES = 20;

const OTHER_ACCOUNT: Text = {
  en: 'account conflict: the leader has another account under this name, so the request is not forwarded',
  zh: '账号冲突：leader 在这个名称下是另一个账号，所以没有转发请求',
};

/**
 * Keeps the record of one account in a Secret. A write requires that the record has not changed since the lock was
 * taken. The lock is taken before the platform is called, so a token that another daemon fetched meanwhile is never
 * overwritten. The lock itself only decides which daemon fetches.
 */
export function secretStore(options: SecretStoreOptions): AccountStore {
  const { account, subject, cache, kubernetes, election, warn } = options;
  const keys = keysOf(subject.name, subject.kind);
  /** For each lease: the record as it was when the lock was taken, or as this daemon has written it since. */
  const bases = new WeakMap<Lease, Part>();
  const reader = secretReader({ account, subject, keys, cache, election, warn });
  let lockError: unknown;

  /** Only the leader may replace a record that names another account: if two daemons did, they would never stop. */
  const isTheirs = (part: Part) => !election.leads() && reader.isDisputed(part);

  async function write(wanted: Part, base: Part): Promise<void> {
    await compareAndSet<StoredSecret, Patch, 'done'>({
      known: () => cache.now() ?? cache.reread(),
      reread: cache.reread,
      decide(secret, again) {
        const found = partOf(secret, keys);
        // Our own write, whose response was lost, or which something in between has sent twice.
        if (again && isSamePart(found, { ...base, ...wanted })) return { leave: 'done' };
        if (!isSamePart(found, base) || isTheirs(found)) throw superseded();
        return { write: withKept(secret, patchOf(wanted, base, keys), base) };
      },
      write: (patch, { metadata }) => cache.patch(metadata.resourceVersion, patch),
      mostTries: MOST_TRIES,
    }).catch((error: unknown) => {
      throw failureOf(error, 'none').code === 'kube-conflict' ? superseded() : error;
    });
  }

  /** The patch, which also keeps a record that a later version of this program wrote and this one replaces. */
  function withKept(secret: StoredSecret, patch: ReturnType<typeof patchOf>, base: Part) {
    const version = laterVersionOf(base, account);
    if (version === undefined || base.record === undefined) return patch;
    const key = keptKeyOf(keys, version);
    const where = objectLabel(cache.object);
    const fields = { credential: subject.name };
    if (!hasRoomFor(secret, key, base.record)) {
      warn(
        `replacing the record of ${keys.value} in the ${where}: it has no room to keep version ${version}`,
        fields,
      );
      return patch;
    }
    warn(`kept the record of version ${version} as annotation ${key} of the ${where}`, fields);
    const { annotations } = patch.metadata;
    return { ...patch, metadata: { annotations: { ...annotations, [key]: base.record } } };
  }

  function superseded(): EdgeError {
    const where = objectLabel(cache.object);
    return passing('lock-lost', {
      en: `the ${where} was written by another daemon meanwhile`,
      zh: `${where} 同时被另一个守护进程写入`,
    });
  }

  return {
    read: reader.read,
    isPartial: reader.isPartial,
    async write(record, lease) {
      const base = bases.get(lease);
      if (!base) throw lockError ?? superseded();
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
        // A known conflict needs no request: it would be repeated again and again.
        if (known && isTheirs(partOf(known, keys))) return undefined;
        const secret = await cache.refresh();
        const base = partOf(secret, keys);
        if (isTheirs(base)) return undefined;
        if (purpose === 'fetch') checkCapacity(secret, keys, objectLabel(cache.object));
        const isHeld = election.leads;
        lease = { held: async () => isHeld(), isHeld, release: async () => leave?.() };
        bases.set(lease, base);
        return lease;
      } catch (error) {
        lockError = error;
        throw error;
      } finally {
        if (!lease) leave?.();
      }
    },
    async handOver(request) {
      const known = cache.now();
      // The leader would refresh another account instead.
      if (known && isTheirs(partOf(known, keys))) throw passing('kube-contested', OTHER_ACCOUNT);
      await leaveRequest(request, { cache, kubernetes, annotation: keys.request });
    },
    syncedAt: cache.syncedAt,
  };
}

function passing(code: string, message: Text): EdgeError {
  return new EdgeError({ class: 'passing', code, message, effect: 'none', backoff: PASSING });
}

/** Most bytes that an API server accepts for all values of a Secret together. */
const CAPACITY = 1024 * 1024;

/** Bytes of a token of the usual length, stored once alone and once within its details. */
const USUAL_SIZE = 2048;

/** Bytes by which a token may be longer than the one before. */
const GROWTH = 512;

/**
 * Checks, before a fetch, that the Secret can hold the new token. A fetch may end the token before, so a token that
 * could not be stored must not be fetched.
 * @param where the Secret's name for people
 * @throws {EdgeError} why the Secret cannot hold the new token
 */
export function checkCapacity(
  { immutable: isFixed, data = {} }: StoredSecret,
  keys: Keys,
  where: string,
): void {
  if (isFixed) throw refused(immutable(where));
  let [own, others] = [0, 0];
  for (const [key, base64] of Object.entries(data)) {
    const size = Buffer.byteLength(base64, 'base64');
    if ([keys.value, keys.entry, keys.grant, keys.listing].includes(key)) own += size;
    else others += size;
  }
  if (others + Math.max(USUAL_SIZE, own + GROWTH) > CAPACITY) throw refused(tooLarge(where));
}

function refused(told: FailureDetails): EdgeError {
  return new EdgeError({ class: 'refused', effect: 'unsent', backoff: PASSING, ...told });
}
