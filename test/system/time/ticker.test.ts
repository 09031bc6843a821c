import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Clock } from '../../../src/core/ports.ts';
import { systemClock } from '../../../src/system/time/clock.ts';
import { startTicker } from '../../../src/system/time/ticker.ts';
import { eventually } from '../../support/wait.ts';
import { program } from '../program.ts';

const SECOND = 1_000;
const DAY = 86_400 * SECOND;

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

describe('tickers in real time', () => {
  it('a ticker ticks every second in real time', async () => {
    const count = counting('* * * * * *');
    await eventually(() => count.ticks >= 2);
  });

  it('a mistake in a tick ends the process', async () => {
    await expect(faulty.run([])).rejects.toThrow('a mistake in the tick');
  });
});

describe('tickers with a fake clock', () => {
  /** The ticker knows the wall clock alone. */
  const clock: Clock = { now: () => ({ wall: Date.now(), monotonic: Number.NaN }) };

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
    vi.setSystemTime(Date.UTC(2026, 0, 1));
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

  /** Somebody sets the clock; timers do not notice. */
  const setWallClock = (ms: number) => vi.setSystemTime(Date.now() + ms);

  it('a ticker ticks as often as its expression says', async () => {
    const count = counting('*/5 * * * * *', clock);
    await pass(61 * SECOND);
    expect(count.ticks).toBe(12);
  });

  it('a stopped ticker ticks no more and leaves no timer', async () => {
    const count = counting('*/5 * * * * *', clock);
    await pass(20 * SECOND);
    count.stop();
    const { ticks } = count;
    await pass(300 * SECOND);
    expect(count.ticks).toBe(ticks);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    ['back by a second', -SECOND],
    ['back by a day', -DAY],
    ['back by ten years', -3_650 * DAY],
    ['forward by a day', DAY],
    ['forward by ten years', 3_650 * DAY],
  ])('a ticker goes on as before after the wall clock was set %s', async (_, jump) => {
    const count = counting('*/5 * * * * *', clock);
    await pass(21 * SECOND);
    setWallClock(jump);
    const { ticks } = count;
    await pass(10 * SECOND);
    expect(count.ticks).toBeGreaterThanOrEqual(ticks + 1);
    const settled = count.ticks;
    await pass(60 * SECOND);
    expect(count.ticks).toBe(settled + 12);
  });

  it('a ticker ticks every 30 seconds on the slowest schedule allowed', async () => {
    const count = counting('0,30 * * * * *', clock);
    await pass(601 * SECOND);
    expect(count.ticks).toBe(20);
  });

  it('a ticker whose clock is a day behind keeps ticking', async () => {
    const count = counting('*/5 * * * * *', { now: () => ({ wall: Date.now() - DAY, monotonic: 0 }) });
    await pass(301 * SECOND);
    expect(count.ticks).toBeGreaterThanOrEqual(9);
  });

  it('a ticker goes on after a tick that failed', async () => {
    let ticks = 0;
    const ticker = startTicker('* * * * * *', clock, () => {
      ticks += 1;
      if (ticks === 1) throw new TypeError('a mistake in the tick');
    });
    onTestFinished(() => ticker.stop());
    await expect(pass(2 * SECOND)).rejects.toThrow('a mistake in the tick');
    await pass(2 * SECOND);
    expect(ticks).toBeGreaterThan(1);
  });

  it('a ticker writes nothing to standard error, whatever it has missed', async () => {
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const warned = vi.spyOn(console, 'warn').mockReturnValue(undefined);
    counting('* * * * * *', clock);
    setWallClock(DAY);
    await pass(10 * SECOND);
    expect(said).not.toHaveBeenCalled();
    expect(warned).not.toHaveBeenCalled();
    said.mockRestore();
    warned.mockRestore();
  });
});
