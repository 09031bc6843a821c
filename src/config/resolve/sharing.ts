import { isDeepStrictEqual } from 'node:util';

/** Returns the first part that is equal to this one, so that equal parts are one object. */
export type Share = <T>(part: T) => T;

/**
 * Creates a {@link Share} for one reading of the configuration. Thousands of accounts have the same platform, the same budget
 * and no tickets, and each would hold its own copy for as long as it is served. Parts are plain data that nobody changes,
 * and hold no `Secret`: two of them look equal, whatever they hide.
 */
export function createSharing(): Share {
  const known = new Map<string, unknown>();
  return <T>(part: T): T => {
    const key = JSON.stringify(part, shortened);
    if (!known.has(key)) known.set(key, part);
    const like = known.get(key);
    // The key leaves things out, so it alone proves nothing.
    return isDeepStrictEqual(like, part) ? (like as T) : part;
  };
}

/** Most characters of a text that is a part of a key: certificates are far longer. */
const LONGEST = 256;

function shortened(_name: string, value: unknown): unknown {
  return typeof value === 'string' && value.length > LONGEST ? value.length : value;
}
