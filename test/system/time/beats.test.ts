import { afterEach, describe, expect, it, vi } from 'vitest';
import { createBeats } from '../../../src/system/time/beats.ts';
import { program } from '../program.ts';

/** Beats on a clock that the test steers, timers included. */
function steered() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 0 });
  const beats = createBeats({ now: () => ({ wall: 0, monotonic: Date.now() }) });
  const done: string[] = [];
  return {
    ...{ beats, done },
    every: (ms: number, what: string | (() => void)) =>
      beats.every(ms, typeof what === 'string' ? () => done.push(`${what} ${Date.now()}`) : what),
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
  it('is done at the ticks about when it is due, and at no other time', () => {
    const { every, tickAt, done } = steered();
    every(5_000, 'often');
    every(10_000, 'rarely');
    tickAt(1_000, 5_000, 5_200, 10_000, 15_000);
    expect(done).toEqual(['often 5000', 'often 10000', 'rarely 10000', 'often 15000']);
  });

  it('is done without a tick where none comes', () => {
    const { every, tickAt, done } = steered();
    every(5_000, 'often');
    vi.advanceTimersByTime(12_000);
    expect(done).toEqual(['often 5500', 'often 11000']);
    // Too early, too early, and early enough.
    tickAt(12_000, 13_000, 14_000);
    vi.advanceTimersByTime(5_499);
    expect(done.slice(2)).toEqual(['often 14000']);
    vi.advanceTimersByTime(1);
    expect(done.slice(3)).toEqual(['often 19500']);
  });

  it.each([1, 3, 5, 6, 7, 8, 13, 20, 30, 3_600])(
    'with a tick every %i s is never done much later than it is due',
    (seconds) => {
      const { every, tickAt } = steered();
      const times: Record<string, number[]> = { often: [0], rarely: [0] };
      every(5_000, () => times['often']?.push(Date.now()));
      every(10_000, () => times['rarely']?.push(Date.now()));
      for (let at = seconds; at <= 7_200; at += seconds) tickAt(1_000 * at + (at % 7));
      const longest = (all: readonly number[] = []) =>
        Math.max(...all.slice(1).map((time, index) => time - (all[index] ?? 0)));
      expect(longest(times['often'])).toBeLessThanOrEqual(5_500);
      expect(longest(times['rarely'])).toBeLessThanOrEqual(10_500);
    },
  );

  it('is not put off by what begins and ends beside it', () => {
    const { every, done } = steered();
    every(5_000, 'often');
    for (let round = 0; round < 6; round += 1) {
      vi.advanceTimersByTime(2_000);
      every(10_000, 'brief')();
    }
    expect(done).toEqual(['often 5500', 'often 11000']);
  });

  it('is done no more once it has ended, and then nothing waits for a tick', () => {
    const { every, tickAt, done } = steered();
    const ends = [every(5_000, 'one'), every(5_000, 'other')];
    ends[0]?.();
    tickAt(5_000);
    expect(done).toEqual(['other 5000']);
    ends[1]?.();
    tickAt(10_000);
    expect(done).toEqual(['other 5000']);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a process that has something to do now and then', () => {
  const resting = program(new URL('./resting.ts', import.meta.url));

  it('wakes up with its ticks, and not when a timer that they have put off would have ended', async () => {
    const { turns, calls } = JSON.parse(await resting.run([])) as {
      readonly turns: number;
      readonly calls: number;
    };
    // What is called wakes it up, and now and then Node itself does; the timers that were put off would be five.
    expect(turns).toBeLessThanOrEqual(calls + 3);
  });
});
