import { describe, expect, it } from 'vitest';
import { MINUTE } from '../src/core/time.ts';
import { simulateDay } from './support/simulation.ts';

const LEAST_LIFE = { 'stable-token': 4 * MINUTE, 'access-token': 9 * MINUTE } as const;

describe.each(['stable-token', 'access-token'] as const)('a day of %s without faults', (type) => {
  it.each([1, 2, 3, 4, 5])(
    'costs at most 14 platform calls and no reader meets a dead token (seed %i)',
    async (seed) => {
      const day = await simulateDay(type, seed);
      process.stdout.write(
        `a simulated day of ${type}: ${day.calls} platform calls, ${day.reads} reads, ${day.badReads} bad\n`,
      );
      expect(day.calls).toBeLessThanOrEqual(14);
      expect(day.badReads).toBe(0);
      // Guarantee G2: the rotation window, or `ahead`, less a minute.
      expect(day.leastLife).toBeGreaterThanOrEqual(LEAST_LIFE[type]);
    },
  );
});
