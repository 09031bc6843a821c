import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { startPatience } from '../../../src/system/time/suspend-aware-timeout.ts';
import { eventually } from '../../support/wait.ts';

/** As after SIGSTOP and SIGCONT: nothing runs meanwhile. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describe('patience', () => {
  it('a timeout fires after its time unless it is cancelled', async () => {
    const ended: string[] = [];
    startPatience(20, () => ended.push('one'));
    startPatience(10, () => ended.push('other'))();
    await eventually(() => ended.length > 0);
    expect(ended).toEqual(['one']);
  });

  it('a timeout starts again after a standstill, so that a waiting answer is read first', async () => {
    const ended: string[] = [];
    startPatience(100, () => ended.push('over'));
    standStill(1_500);
    const answer = delay(0).then(() => ended.push('answer'));
    await answer;
    await eventually(() => ended.length > 1);
    expect(ended).toEqual(['answer', 'over']);
  });
});
