import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../core/ports.ts';
import { systemClock } from './clock.ts';

/** How long (ms) many small pieces of work may go on before everything else has its turn. */
const LONGEST = 4;

/** Pieces of work between two looks at the clock, far less than a millisecond of them, and most in one go. */
const UNLOOKED = 8;
const MOST = 256;

/** Gives way to everything else between many small pieces of work: there may be thousands of them. */
export interface Slices {
  /** To be called after each piece: whether everything else is to have its turn now, by {@link giveWay}. */
  isOver(): boolean;
  giveWay(): Promise<void>;
}

export function createSlices(clock: Clock = systemClock): Slices {
  let since = clock.now().monotonic;
  let pieces = 0;

  return {
    isOver() {
      pieces += 1;
      if (pieces % UNLOOKED !== 0) return false;
      return pieces >= MOST || clock.now().monotonic - since >= LONGEST;
    },
    async giveWay() {
      await setImmediate();
      pieces = 0;
      since = clock.now().monotonic;
    },
  };
}

/** Does the work for each item in order, in slices. */
export async function inSlices<T, R>(items: readonly T[], work: (item: T) => R): Promise<readonly R[]> {
  const slices = createSlices();
  const results: R[] = [];
  for (const item of items) {
    results.push(work(item));
    if (slices.isOver()) await slices.giveWay();
  }
  return results;
}

/** Texts that are joined into one, as one piece. */
const JOINED = 64;

/**
 * Makes a long list of texts, in slices.
 * @param between is put between two of them
 * @returns pieces that are one text when they are put together: joining megabytes would take long itself
 */
export async function piecesOf<T>(
  items: readonly T[],
  between: string,
  work: (item: T) => string,
): Promise<readonly string[]> {
  const texts = await inSlices(items, work);
  const groups = Array.from({ length: Math.ceil(texts.length / JOINED) }, (_, index) => index * JOINED);
  return inSlices(
    groups,
    (from) => (from > 0 ? between : '') + texts.slice(from, from + JOINED).join(between),
  );
}
