import { describe, expect, it } from 'vitest';
import { SECOND } from '../../src/core/time.ts';
import { createCallPace } from '../../src/providers/call-pace.ts';
import { fakeClock } from '../support/clock.ts';

describe('calls for the accounts of one third party', () => {
  it('ten leave within a second, whoever makes them and however many wait', async () => {
    const clock = fakeClock();
    const start = clock.now().monotonic;
    const waited: number[] = [];
    const turn = createCallPace(clock, async (ms) => void waited.push(ms));
    const left: number[] = [];
    for (let call = 0; call < 45; call += 1) {
      // Each other call is made while those before it still wait.
      if (call % 2 === 0) clock.pass(30);
      waited.length = 0;
      await turn();
      left.push(clock.now().monotonic - start + (waited[0] ?? 0));
    }
    for (const at of left)
      expect(left.filter((other) => other >= at && other < at + SECOND).length).toBeLessThanOrEqual(10);
    expect(left.toSorted((one, other) => one - other)).toEqual(left);
  });

  it('a call that comes after a pause leaves at once', async () => {
    const clock = fakeClock();
    const waits: number[] = [];
    const turn = createCallPace(clock, async (ms) => void waits.push(ms));
    for (let call = 0; call < 10; call += 1) await turn();
    clock.pass(2 * SECOND);
    await turn();
    expect(waits).toEqual([]);
  });
});
