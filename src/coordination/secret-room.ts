import { EdgeError, PASSING } from '../core/failure.ts';
import { immutable, type Told, tooLarge } from '../kubernetes/remedies.ts';
import type { StoredSecret } from './newest.ts';
import type { Keys } from './secret-layout.ts';

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

function refused(told: Told): EdgeError {
  return new EdgeError({ class: 'refused', effect: 'unsent', backoff: PASSING, ...told });
}
