import type { Clock } from '../core/ports.ts';
import { SECOND } from '../core/time.ts';

/** Fetches of one third party that may be under way at once, and that may begin within one second. */
const AT_ONCE = 5;
const A_SECOND = 10;

/** How soon to ask again for a place that only somebody else's leaving can make free, ms. */
const CROWDED = SECOND;

/**
 * Keeps the fetches of hundreds of accounts of one third party from being a storm. Nothing waits in it: who may not
 * enter asks again.
 */
export interface Paces {
  /**
   * Takes a place, if there is one.
   * @returns 0 when the place is taken, otherwise in how many ms to ask again
   */
  enter(pace: string): number;
  /**
   * Gives the place back.
   * @returns whether somebody was refused one meanwhile, and is to be woken
   */
  leave(pace: string): boolean;
}

export function createPaces(clock: Clock): Paces {
  const paces = new Map<string, { inside: number; refused: boolean; readonly begun: number[] }>();

  return {
    enter(name) {
      const { monotonic: now } = clock.now();
      const pace = paces.get(name) ?? { inside: 0, refused: false, begun: [] };
      paces.set(name, pace);
      while (pace.begun[0] !== undefined && now - pace.begun[0] >= SECOND) pace.begun.shift();
      pace.refused ||= pace.inside >= AT_ONCE;
      if (pace.inside >= AT_ONCE) return CROWDED;
      const [oldest] = pace.begun;
      if (oldest !== undefined && pace.begun.length >= A_SECOND) return Math.max(1, oldest + SECOND - now);
      pace.inside += 1;
      pace.begun.push(now);
      return 0;
    },
    leave(name) {
      const pace = paces.get(name);
      if (!pace) return false;
      pace.inside -= 1;
      const { refused } = pace;
      pace.refused = false;
      return refused;
    },
  };
}
