import { afterEach, describe, expect, it, vi } from 'vitest';
import { createBeats } from '../../../src/system/time/beats.ts';

/** Beats on a clock that the test steers, timers included. */
function steered() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 0 });
  const beats = createBeats({ now: () => ({ wall: 0, monotonic: Date.now() }) });
  const done: string[] = [];
  return {
    ...{ beats, done },
    every: (rest: number, what: string) => beats.every(rest, () => done.push(`${what} ${Date.now()}`)),
    /** Ticks at these times. */
    tickAt(...times: readonly number[]) {
      for (const time of times) {
        vi.advanceTimersByTime(time - Date.now());
        beats.beat();
      }
    },
  };
}

afterEach(() => {
  vi.useRealTimers();
});

describe('what is done now and then', () => {
  it('is done at the ticks that come after its rest, and at no other time', () => {
    const { every, tickAt, done } = steered();
    every(2_500, 'often');
    every(7_500, 'rarely');
    tickAt(1_000, 5_000, 5_200, 10_000, 15_000);
    expect(done).toEqual(['often 5000', 'often 10000', 'rarely 10000', 'often 15000']);
  });

  it('is done without a tick where none comes', () => {
    const { every, tickAt, done } = steered();
    every(2_500, 'often');
    vi.advanceTimersByTime(12_000);
    expect(done).toEqual(['often 5500', 'often 11000']);
    tickAt(13_000, 14_000);
    vi.advanceTimersByTime(5_499);
    expect(done.slice(2)).toEqual(['often 14000']);
    vi.advanceTimersByTime(1);
    expect(done.slice(3)).toEqual(['often 19500']);
  });

  it('is done no more once it has ended, and then nothing waits for a tick', () => {
    const { every, tickAt, done } = steered();
    const ends = [every(2_500, 'one'), every(2_500, 'other')];
    ends[0]?.();
    tickAt(5_000);
    expect(done).toEqual(['other 5000']);
    ends[1]?.();
    tickAt(10_000);
    expect(done).toEqual(['other 5000']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves no timer behind at its old time, to which the process would wake up', () => {
    const { every, tickAt } = steered();
    every(2_500, 'often');
    tickAt(5_000, 10_000);
    expect(vi.getTimerCount()).toBe(1);
  });
});
