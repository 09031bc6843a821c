import { vi } from 'vitest';
import type { Clock } from '../../src/core/ports.ts';

/** 2026-01-01T00:00:00Z */
const START = Date.UTC(2026, 0, 1);

/** What the monotonic clock says then: like that of a machine that runs already. */
const RUNS = 1_000;

export interface SteeredTime {
  readonly clock: Clock;
  /** Time passes for the clock and for all timers; what has become due then is done. */
  pass(ms: number): Promise<void>;
  /** Somebody sets the wall clock forward, by `ms`. */
  set(ms: number): void;
}

/** Timers and a clock that agree, and that stand still unless they are told to go on. */
export function steeredTime(atEnd: (undo: () => void) => void): SteeredTime {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: START });
  atEnd(() => void vi.useRealTimers());
  let offset = 0;
  return {
    clock: { now: () => ({ wall: Date.now() + offset, monotonic: Date.now() - START + RUNS }) },
    async pass(ms) {
      await vi.advanceTimersByTimeAsync(ms);
    },
    set(ms) {
      offset += ms;
    },
  };
}
