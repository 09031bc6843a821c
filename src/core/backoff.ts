/** How the waits between failing attempts grow, in milliseconds. */
export interface Backoff {
  readonly first: number;
  readonly growth: number;
  readonly cap: number;
  /**
   * `full`: anywhere between nothing and the wait, so that a thousand daemons do not return as one.
   * `added`: never less than the wait (the platform named it), up to a fifth more.
   */
  readonly jitter: 'full' | 'added';
}

/** Even a lucky draw of full jitter leaves the platform this long, in milliseconds. */
const BREATH = 250;

/**
 * The wait before the next attempt, in milliseconds.
 * @param failures how many attempts have failed in a row, at least 1
 * @param random in [0, 1)
 */
export function backoffDelay(backoff: Backoff, failures: number, random: number): number {
  const wait = Math.min(backoff.cap, backoff.first * backoff.growth ** Math.max(0, failures - 1));
  return backoff.jitter === 'full' ? Math.max(BREATH, wait * random) : wait * (1 + random / 5);
}
