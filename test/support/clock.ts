import type { Clock } from '../../src/core/ports.ts';
import type { Instant } from '../../src/core/time.ts';

/** 2026-01-01T00:00:00Z, so that no test depends on the day it runs. */
const START = Date.UTC(2026, 0, 1);

/** A clock that stands still unless it is moved. */
export interface FakeClock extends Clock {
  /** Time passes: both clocks move on, by `ms`. */
  pass(ms: number): void;
  /** Somebody sets the wall clock, by `ms`; the monotonic one does not notice. */
  set(ms: number): void;
}

/** @param boot names the machine's start, where processes can compare their monotonic clocks */
export function fakeClock(boot?: string): FakeClock {
  let now: Instant = { wall: START, monotonic: 1_000, ...(boot !== undefined && { boot }) };
  return {
    now: () => now,
    pass: (ms) => {
      now = { ...now, wall: now.wall + ms, monotonic: now.monotonic + ms };
    },
    set: (ms) => {
      now = { ...now, wall: now.wall + ms };
    },
  };
}

/** Pseudo-random numbers in [0, 1) that are the same in every run (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
