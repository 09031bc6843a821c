import { describe, expect, it } from 'vitest';
import { createPaces } from '../../src/loop/pace.ts';
import { fakeClock } from '../support/clock.ts';

describe('pace of the accounts of one third party', () => {
  it('five are under way at once, and who leaves lets the next one in', () => {
    const clock = fakeClock();
    const paces = createPaces(clock);
    expect([1, 2, 3, 4, 5].map(() => paces.enter('p'))).toEqual([0, 0, 0, 0, 0]);
    expect(paces.enter('p')).toBeGreaterThan(0);
    expect(paces.leave('p')).toBe(true);
    expect(paces.enter('p')).toBe(0);
    expect(paces.leave('p')).toBe(false);
  });

  it('ten begin within a second, however fast they are', () => {
    const clock = fakeClock();
    const paces = createPaces(clock);
    const begun: number[] = [];
    while (begun.length < 100) {
      const wait = paces.enter('p');
      if (wait > 0) clock.pass(wait);
      else {
        begun.push(clock.now().monotonic);
        paces.leave('p');
      }
    }
    for (const at of begun)
      expect(begun.filter((other) => other >= at && other < at + 1000)).toHaveLength(10);
    expect((begun.at(-1) ?? 0) - (begun[0] ?? 0)).toBe(9000);
  });

  it('third parties do not wait for each other', () => {
    const paces = createPaces(fakeClock());
    for (let index = 0; index < 5; index += 1) paces.enter('p');
    expect(paces.enter('q')).toBe(0);
  });
});
