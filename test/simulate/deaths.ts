import { MINUTE, SECOND } from '../../src/core/time.ts';
import type { Platform } from '../../src/sandbox/platform.ts';
import { EPOCH } from './machine.ts';

/** When each token was born and when it dies, by the platform's own word. True time, ms. */
export interface Deaths {
  /** The platform has acted: a token may be new, and those before it may die sooner. */
  platformActed(now: number, token: string): void;
  /** Infinity for a token that was never handed out. */
  of(token: string): number;
  birthOf(token: string): number;
}

/** No token lives longer, ms. */
const LONGEST = 7200 * SECOND;

/** Most tokens have so long to live after a call, ms: their whole life, or the overlap. Only guesses, which are checked. */
const USUAL = [LONGEST, 5 * MINUTE];

/**
 * Asks the platform about each live token after every call that may have changed its end. Whether a token is alive at
 * a later moment, if nobody calls until then, can be asked now, so its end is found by halving.
 */
export function createDeaths(platform: Platform): Deaths {
  const births = new Map<string, number>();
  const ends = new Map<string, number>();
  const live = new Set<string>();

  function isAlive(token: string, at: number): boolean {
    const request = { method: 'GET', path: '/cgi-bin/getcallbackip', query: { access_token: token } };
    const answer = platform.handle({ ...request, body: '', ip: '127.0.0.1' }, EPOCH + at);
    return answer.trace.errcode === 0;
  }

  /** The first ms at which it is refused. */
  function endOf(token: string, from: number, until: number): number {
    let alive = from;
    let dead = until;
    if (!isAlive(token, alive)) return alive;
    for (const usual of USUAL.map((ms) => from + ms)) {
      if (usual < dead && isAlive(token, usual - 1) && !isAlive(token, usual)) return usual;
    }
    while (dead - alive > 1) {
      const middle = Math.floor((alive + dead) / 2);
      if (isAlive(token, middle)) alive = middle;
      else dead = middle;
    }
    return dead;
  }

  return {
    platformActed(at, token) {
      const now = Math.ceil(at);
      live.add(token);
      if (!births.has(token)) births.set(token, now);
      for (const known of live) {
        const end = ends.get(known) ?? now + LONGEST + SECOND;
        if (end <= now) live.delete(known);
        else if (!ends.has(known) || !isAlive(known, end - 1)) ends.set(known, endOf(known, now, end));
      }
    },
    of: (token) => ends.get(token) ?? Number.POSITIVE_INFINITY,
    birthOf: (token) => births.get(token) ?? Number.NEGATIVE_INFINITY,
  };
}
