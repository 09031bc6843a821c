import { getEventListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { startDeadline, withinTime } from '../../../src/system/time/deadline.ts';
import { eventually } from '../../support/wait.ts';

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

describe('a deadline', () => {
  it('a deadline ends the work with the reason of the signal that fires first', async () => {
    const [stop, other] = [new AbortController(), new AbortController()];
    const deadline = startDeadline({ ms: 60_000, until: [other.signal, stop.signal] });
    stop.abort('stopped');
    other.abort('too late for this one');
    await expect(deadline.reached).rejects.toBe('stopped');
    expect(deadline.signal.reason).toBe('stopped');
    deadline.release();
  });

  it('a deadline whose signal has fired before it starts has ended from the beginning', async () => {
    const deadline = startDeadline({ ms: 60_000, until: [AbortSignal.abort('stopped')] });
    await expect(deadline.reached).rejects.toBe('stopped');
    deadline.release();
  });

  it('a deadline without its time limit is still ended by its signals', async () => {
    fakeTimers();
    const stop = new AbortController();
    const deadline = startDeadline({ ms: 1000, until: [stop.signal] });
    deadline.lift();
    await vi.advanceTimersByTimeAsync(5000);
    expect(deadline.signal.aborted).toBe(false);
    stop.abort('stopped');
    await expect(deadline.reached).rejects.toBe('stopped');
    deadline.release();
  });

  it('a deadline that is released leaves neither a timer nor a listener behind', () => {
    fakeTimers();
    const stop = new AbortController();
    for (const suspendAware of [false, true]) {
      const deadline = startDeadline({ ms: 1000, until: [stop.signal], suspendAware });
      expect(vi.getTimerCount()).toBe(1);
      expect(getEventListeners(stop.signal, 'abort')).toHaveLength(1);
      deadline.release();
    }
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(stop.signal, 'abort')).toHaveLength(0);
  });

  it('a time limit longer than a timer can hold does not end at once', async () => {
    fakeTimers();
    const deadline = startDeadline({ ms: 2 ** 40 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(deadline.signal.aborted).toBe(false);
    deadline.release();
  });
});

/** Blocks the process, as SIGSTOP and SIGCONT do: nothing runs meanwhile. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describe('a deadline that allows for a suspended process', () => {
  function startLimit(ms: number, ended: () => void) {
    const deadline = startDeadline({ ms, suspendAware: true });
    deadline.signal.addEventListener('abort', ended);
    return deadline;
  }

  it('a timeout fires after its time unless it is cancelled', async () => {
    const ended: string[] = [];
    startLimit(20, () => ended.push('one'));
    startLimit(10, () => ended.push('other')).release();
    await eventually(() => ended.length > 0);
    expect(ended).toEqual(['one']);
  });

  it('a timeout starts again after a standstill, so that a waiting answer is read first', async () => {
    const ended: string[] = [];
    startLimit(100, () => ended.push('over'));
    standStill(1_500);
    const answer = delay(0).then(() => ended.push('answer'));
    await answer;
    await eventually(() => ended.length > 1);
    expect(ended).toEqual(['answer', 'over']);
  });
});
