import type { Token } from '../core/credential.ts';
import { SECOND } from '../core/time.ts';

/** Hosts of one platform do not quite agree on the time, and tell it in whole seconds; ms. */
const SAME_TIME = 5 * SECOND;

/**
 * What a stored token is to ours. They need not come of the same store, whose generations order them: pods with state of
 * their own count each by itself. So the platform's own `Date` goes first, the one clock that all of them share, and
 * generations decide where that is the same or unknown.
 * @param wall epoch ms; only tells whether a stored token that is newer by its generation alone still lives
 */
export function precedenceOf(stored: Token, ours: Token, wall: number): 'newer' | 'same' | 'older' {
  if (stored.value.equals(ours.value)) return stored.generation >= ours.generation ? 'same' : 'older';
  const ahead = (stored.platformDate ?? Number.NaN) - (ours.platformDate ?? Number.NaN);
  // While ours lives, nobody can have fetched later than its end: what claims that would stand in the way for ever.
  if (ahead > SAME_TIME) return ahead <= ours.expiresIn * SECOND + SAME_TIME ? 'newer' : 'older';
  if (ahead < -SAME_TIME) return 'older';
  return stored.generation > ours.generation && stored.expiresAt > wall ? 'newer' : 'older';
}
