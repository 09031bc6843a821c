import { expect, it } from 'vitest';
import { atMostEvery } from '../../../src/system/time/at-most-every.ts';
import { fakeClock } from '../../support/clock.ts';

it('throttled work is done at most once per period of the monotonic clock', () => {
  const clock = fakeClock();
  let done = 0;
  const ask = atMostEvery(1_000, clock, () => {
    done += 1;
  });
  ask();
  ask();
  clock.pass(999);
  clock.set(1_000_000);
  ask();
  expect(done).toBe(1);
  clock.pass(1);
  clock.set(-1_000_000);
  ask();
  ask();
  expect(done).toBe(2);
});
