import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../../src/system/clock.ts';
import { startTicker } from '../../src/system/ticker.ts';
import { type FakeClock, fakeClock } from '../support/clock.ts';
import { eventually } from '../support/wait.ts';
import { program } from './program.ts';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

const faulty = program(new URL('./faulty-ticker.ts', import.meta.url));

/** Starts a ticker that counts, until the test ends. */
function counting(expression: string, clock = systemClock): { ticks: number; stop: () => void } {
  const count = { ticks: 0, stop: () => ticker.stop() };
  const ticker = startTicker(expression, clock, () => {
    count.ticks += 1;
  });
  onTestFinished(() => ticker.stop());
  return count;
}

describe('the ticker', () => {
  it('ticks in real time', async () => {
    const count = counting('* * * * * *');
    await eventually(() => count.ticks >= 2);
  });

  it('lets a mistake in a tick end the process, instead of keeping it to itself', async () => {
    await expect(faulty.run([])).rejects.toThrow('a mistake in the tick');
  });
});

describe('the ticker, while time is played', () => {
  let clock: FakeClock;

  beforeEach(() => {
    clock = fakeClock();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
    vi.setSystemTime(clock.now().wall);
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  async function pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= SECOND) {
      clock.pass(SECOND);
      await vi.advanceTimersByTimeAsync(SECOND);
    }
  }

  /** Somebody sets the wall clock; the monotonic one does not notice. */
  function setWallClock(ms: number): void {
    clock.set(ms);
    vi.setSystemTime(clock.now().wall);
  }

  it('ticks as often as the expression says', async () => {
    const count = counting('*/5 * * * * *', clock);
    await pass(60 * SECOND);
    expect(count.ticks).toBe(12);
  });

  it('is silent once stopped, the watchdog as well', async () => {
    const count = counting('*/5 * * * * *', clock);
    await pass(20 * SECOND);
    count.stop();
    const { ticks } = count;
    await pass(300 * SECOND);
    expect(count.ticks).toBe(ticks);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('goes on within a minute after the wall clock was set back by a day', async () => {
    const count = counting('*/5 * * * * *', clock);
    await pass(20 * SECOND);
    setWallClock(-24 * HOUR);
    const { ticks } = count;
    await pass(60 * SECOND);
    expect(count.ticks).toBeGreaterThan(ticks);
    const revived = count.ticks;
    await pass(60 * SECOND);
    expect(count.ticks).toBe(revived + 12);
  });

  it('goes on at once after the wall clock was set forward by a day', async () => {
    const count = counting('*/5 * * * * *', clock);
    await pass(20 * SECOND);
    setWallClock(24 * HOUR);
    const { ticks } = count;
    await pass(10 * SECOND);
    expect(count.ticks).toBeGreaterThan(ticks);
  });

  it('is not woken by the watchdog while the slowest schedule allowed is keeping time', async () => {
    const count = counting('0,30 * * * * *', clock);
    await pass(600 * SECOND);
    expect(count.ticks).toBe(20);
  });

  it('says nothing on standard error, whatever node-cron thinks of a missed execution', async () => {
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const warned = vi.spyOn(console, 'warn').mockReturnValue(undefined);
    counting('* * * * * *', clock);
    setWallClock(2 * HOUR);
    await pass(10 * SECOND);
    expect(said).not.toHaveBeenCalled();
    expect(warned).not.toHaveBeenCalled();
    said.mockRestore();
    warned.mockRestore();
  });
});
