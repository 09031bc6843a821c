/** The names of keys: what they must not betray, and the key beside the value that holds the details. */

/** How many characters of a secret in a row betray it. */
const BETRAYING = 8;

/**
 * Whether a text has something of the secret in it, in whatever case: all of it, or enough of it in a row. A placeholder that
 * was made of the real one, or a part of it, tells who may list the keys what to try.
 */
export function betrays(text: string, secret: string): boolean {
  const [there, known] = [text.toLowerCase(), secret.toLowerCase()];
  if (known.length <= BETRAYING) return known !== '' && there.includes(known);
  for (let at = 0; at + BETRAYING <= known.length; at += 1)
    if (there.includes(known.slice(at, at + BETRAYING))) return true;
  return false;
}

/**
 * The key beside a value that holds its details. It lies on the same node of a Cluster: the key that it belongs to is its
 * hash tag, or has one itself.
 */
export function companionOf(key: string): string {
  return /\{[^}]+\}/.test(key) ? `${key}${BESIDE}` : `{${key}}${BESIDE}`;
}

const BESIDE = ':wx-token-sidecar';
