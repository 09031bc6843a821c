import { decodePart, type Keys, partOf, removalOf } from '../../codec/secret-layout.ts';
import type { Patch } from '../../kubernetes/client.ts';
import { compareAndSet } from '../../kubernetes/compare-and-set.ts';
import type { Kubernetes } from '../../kubernetes/index.ts';
import type { SecretCache, StoredSecret } from './secret-cache.ts';

/** Attempts: other daemons write other keys of the same Secret, and each of their writes is a conflict. */
const MOST_TRIES = 20;

export interface ForgottenRecord {
  readonly account: string;
  readonly keys: Keys;
  readonly cache: Pick<SecretCache, 'now' | 'reread' | 'patch'>;
  readonly kubernetes: Pick<Kubernetes, 'inTurn'>;
  readonly object: SecretCache['object'];
  readonly leads: () => boolean;
}

/**
 * Removes what a Secret keeps of an account that is gone for good: it has room for few accounts, and nothing in it ends by
 * itself. The leader alone does, so that no follower that knows less removes what is in use; a record of another account
 * under the same name, and one that this program cannot read, stay.
 * @returns the keys that were removed
 * @throws {EdgeError} why the Secret could not be written
 */
export async function forgetRecord(options: ForgottenRecord): Promise<readonly string[]> {
  const { account, keys, cache, kubernetes, object, leads } = options;
  let removed: readonly string[] = [];

  function isKept(secret: StoredSecret): boolean {
    try {
      return decodePart(partOf(secret, keys), account) !== undefined;
    } catch {
      return false;
    }
  }

  const known = cache.now();
  if (!leads() || !known || !isKept(known)) return [];
  await kubernetes.inTurn(object, () =>
    compareAndSet<StoredSecret, Patch, 'done'>({
      known: () => cache.now() ?? cache.reread(),
      reread: cache.reread,
      decide(secret) {
        if (!leads() || !isKept(secret)) return { leave: 'done' };
        const patch = removalOf(secret, keys);
        removed = Object.keys(patch.data);
        return { write: patch };
      },
      write: (patch, { metadata }) => cache.patch(metadata.resourceVersion, patch),
      mostTries: MOST_TRIES,
    }),
  );
  return removed;
}
