import { setImmediate } from 'node:timers/promises';
import type { Clock, Slices } from '../../core/ports.ts';
import { systemClock } from './clock.ts';

/** How long (ms) many small pieces of work may go on before everything else has its turn. */
const LONGEST = 2;

/** Pieces of work between two looks at the clock, far less than a millisecond of them, and most in one go. */
const UNLOOKED = 8;
const MOST = 256;

/** The last turn of the event loop that somebody waits for. */
let lastTurn: Promise<void> = Promise.resolve();

/** A turn of the event loop for this slice alone: those of a tick, a scrape and a status file do not add up in one. */
function ownTurn(): Promise<void> {
  lastTurn = lastTurn.then(() => setImmediate());
  return lastTurn;
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
      await ownTurn();
      pieces = 0;
      since = clock.now().monotonic;
    },
  };
}

/** Does the work for each item in order, in slices. */
export async function inSlices<T, R>(items: Iterable<T>, work: (item: T) => R): Promise<readonly R[]> {
  const slices = createSlices();
  await slices.giveWay();
  const results: R[] = [];
  for (const item of items) {
    results.push(work(item));
    if (slices.isOver()) await slices.giveWay();
  }
  return results;
}

/** Texts that are joined and encoded as one piece. */
const JOINED = 64;

/**
 * Makes a long list of texts, in slices.
 *
 * The pieces are encoded as they come: megabytes of strings that live across slices move into V8's old space, and
 * collecting them there stops everything for a tenth of a second. Joining them in the end would take long itself.
 * @param between is put between two of them
 * @returns pieces of UTF-8 that are one text when they are put together
 */
export async function* piecesOf<T>(
  items: Iterable<T>,
  between: string,
  work: (item: T) => string,
): AsyncGenerator<Buffer> {
  const slices = createSlices();
  let isFirst = true;
  let texts: string[] = [];
  await slices.giveWay();
  function join(): Buffer {
    const piece = Buffer.from((isFirst ? '' : between) + texts.join(between));
    isFirst = false;
    texts = [];
    return piece;
  }
  for (const item of items) {
    texts.push(work(item));
    if (texts.length === JOINED) yield join();
    if (slices.isOver()) await slices.giveWay();
  }
  if (texts.length > 0) yield join();
}
