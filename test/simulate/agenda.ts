import { setImmediate as breathe } from 'node:timers/promises';
// The program imports it on demand, and what is imported for the first time comes with an event of the process, not with a promise.
import '../../src/core/errcodes/index.ts';

/** What happens when, in true time: milliseconds since the simulation began, which no clock in it has to agree with. */
export interface Agenda {
  now(): number;
  /** @param settled is called once everything that followed from it at the same moment has happened */
  at(time: number, happen: () => void, settled?: () => void): void;
  /** Lets everything up to `until` happen, each thing at its time. */
  run(until: number): Promise<void>;
}

interface Entry {
  readonly time: number;
  /** Of two entries of one moment the one that was made first goes first. */
  readonly turn: number;
  readonly happen: () => void;
  readonly settled?: (() => void) | undefined;
}

/** So many entries without a look at the real world would starve whoever waits for this process. */
const IN_ONE_BREATH = 20_000;

export function createAgenda(): Agenda {
  const heap: Entry[] = [];
  let now = 0;
  let turns = 0;

  return {
    now: () => now,
    at(time, happen, settled) {
      turns += 1;
      push(heap, { time: Math.max(now, time), turn: turns, happen, settled });
    },
    async run(until) {
      let done = 0;
      while ((heap[0]?.time ?? Number.POSITIVE_INFINITY) <= until) {
        const next = pop(heap);
        if (!next) break;
        now = next.time;
        next.happen();
        await allPromisesKept();
        next.settled?.();
        done += 1;
        if (done % IN_ONE_BREATH === 0) await breathe();
      }
      now = until;
    },
  };
}

/** A tick of the process comes only after the last promise that needs no event has been resolved. */
function allPromisesKept(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.time < b.time || (a.time === b.time && a.turn < b.turn);
}

function push(heap: Entry[], entry: Entry): void {
  let hole = heap.length;
  heap.push(entry);
  while (hole > 0) {
    const above = (hole - 1) >> 1;
    const parent = heap[above];
    if (!parent || isBefore(parent, entry)) break;
    heap[hole] = parent;
    hole = above;
  }
  heap[hole] = entry;
}

function pop(heap: Entry[]): Entry | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (!first || !last || heap.length === 0) return first;
  let hole = 0;
  for (;;) {
    let below = 2 * hole + 1;
    let child = heap[below];
    const other = heap[below + 1];
    if (child && other && isBefore(other, child)) {
      below += 1;
      child = other;
    }
    if (!child || isBefore(last, child)) break;
    heap[hole] = child;
    hole = below;
  }
  heap[hole] = last;
  return first;
}
