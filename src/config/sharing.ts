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
    const like = known.get(key);
    if (like === undefined) {
      known.set(key, part);
      return part;
    }
    // The key leaves things out, so it alone proves nothing. A start with one account need not load what compares.
    return key === EMPTY || isDeepStrictEqual(like, part) ? (like as T) : part;
  };
}

/** The key of a list with nothing in it, of which there are several even for one account. */
const EMPTY = '[]';

/** Most characters of a text that is a part of a key: certificates are far longer. */
const LONGEST = 256;

function shortened(_name: string, value: unknown): unknown {
  return typeof value === 'string' && value.length > LONGEST ? value.length : value;
}
