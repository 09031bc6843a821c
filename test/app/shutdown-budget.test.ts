import { describe, expect, it } from 'vitest';
import { LAST_ANSWER, releaseBudget } from '../../src/app/daemon.ts';

describe('the time that is left of a stop', () => {
  it('a last answer gets three and a half seconds, which leaves a second of the five', () => {
    expect(LAST_ANSWER).toBe(3_500);
  });

  it.each([
    [3_500, 0, 4_000],
    [3_500, 1_000, 3_000],
    [3_500, 3_400, 600],
    [3_500, 3_500, 600],
    [3_500, 9_000, 600],
    [0, 0, 600],
  ])(
    'after a last answer of at most %i ms and %i ms, %i ms are left to give back what is held',
    (last, past, left) => {
      expect(releaseBudget(last, past)).toBe(left);
    },
  );
});
