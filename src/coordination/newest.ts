import type { Stored } from '../kubernetes/resources.ts';

export type StoredSecret = Stored<'secrets'>;

/** The newest that is known of an object, of which answers and events tell out of order. */
export interface Newest {
  now(): StoredSecret | undefined;
  /** Of an event, or of an answer to a write: an older one than is known says nothing. */
  heard(object: StoredSecret): void;
  /** It was deleted; this is what it held last. */
  heardGone(last: StoredSecret): void;
  /**
   * To be called before it is read. What is given to the result is how it is, also where a backup was put back, unless
   * something was heard meanwhile.
   * @returns takes what was read; undefined where it is not there
   */
  reading(): (found: StoredSecret | undefined) => void;
}

/** @param changed told when it is another one than before */
export function createNewest(changed: () => void): Newest {
  let known: StoredSecret | undefined;
  /** Counts what was taken over, so that an answer knows whether it was overtaken. */
  let turns = 0;

  const isNews = (object: StoredSecret) => !known || !isOlder(object, known);

  function take(next: StoredSecret | undefined): void {
    const before = known;
    known = next;
    turns += 1;
    if (before?.metadata.resourceVersion !== next?.metadata.resourceVersion) changed();
  }

  return {
    now: () => known,
    heard(object) {
      if (isNews(object)) take(object);
    },
    heardGone(last) {
      if (isNews(last)) take(undefined);
    },
    reading() {
      const turn = turns;
      return (found) => {
        if (turn === turns || (found && isNews(found))) take(found);
      };
    },
  };
}

/** Versions count up; those of an object that was made anew go on from the others. */
function isOlder(a: StoredSecret, b: StoredSecret): boolean {
  return BigInt(a.metadata.resourceVersion) < BigInt(b.metadata.resourceVersion);
}
