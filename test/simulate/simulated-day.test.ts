import { describe, expect, it } from 'vitest';
import { MINUTE } from '../../src/core/time.ts';
import { FAULTS } from './fault.ts';
import { simulate } from './simulate.ts';
import { judge } from './verdict.ts';

/** The rotation window, or `ahead`, less a minute; ms. */
const LEAST_LIFE = { 'stable-token': 4 * MINUTE, 'access-token': 9 * MINUTE } as const;

describe.each(['stable-token', 'access-token'] as const)('G2: a simulated day of %s', (type) => {
  it.each([1, 2, 3, 4, 5])(
    `a day of ${type} without faults costs at most 14 calls and no bad read (seed %i)`,
    async (seed) => {
      const day = judge(
        await simulate({ type, daemons: 1, state: 'folder', fault: FAULTS.none, days: 1, seed }),
      );
      process.stdout.write(
        `a simulated day of ${type}: ${day.callsPerDay} platform calls, ${day.reads} reads, ${day.bad} bad\n`,
      );
      expect(day.callsPerDay).toBeLessThanOrEqual(14);
      expect(day.reads).toBeGreaterThan(1400);
      expect(day.bad).toBe(0);
      expect(day.leastLife).toBeGreaterThanOrEqual(LEAST_LIFE[type]);
    },
  );
});
