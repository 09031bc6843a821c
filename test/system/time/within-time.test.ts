import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { withinTime } from '../../../src/system/time/within-time.ts';

/** Obeys its signal, and does nothing else. */
const forEver = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });

function fakeTimers(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
}

describe('work that may take a certain time', () => {
  it('the work is ended with a TimeoutError when its time is over, and not before', async () => {
    fakeTimers();
    let met: unknown;
    const work = withinTime(1000, forEver).catch((error: unknown) => {
      met = error;
    });
    await vi.advanceTimersByTimeAsync(999);
    expect(met).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    await work;
    expect(met).toMatchObject({ name: 'TimeoutError', message: 'too late' });
  });

  it('the work is ended by whoever may end it, with their reason', async () => {
    fakeTimers();
    const end = new AbortController();
    const work = withinTime(1000, forEver, end.signal);
    end.abort(new Error('stopped'));
    await expect(work).rejects.toThrow('stopped');
  });

  it('the work is ended in time although somebody else may end it as well', async () => {
    fakeTimers();
    const work = withinTime(1000, forEver, new AbortController().signal);
    const ended = expect(work).rejects.toMatchObject({ name: 'TimeoutError' });
    await vi.advanceTimersByTimeAsync(1000);
    await ended;
  });

  it('the work leaves no timer behind, whether it succeeds or fails', async () => {
    fakeTimers();
    expect(await withinTime(1000, async () => 'done')).toBe('done');
    await expect(withinTime(1000, async () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    expect(vi.getTimerCount()).toBe(0);
  });
});
