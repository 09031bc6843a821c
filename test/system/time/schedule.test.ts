import { describe, expect, it } from 'vitest';
import {
  DEFAULT_SCHEDULE,
  scheduleProblem,
  secondsOf,
  untilNext,
} from '../../../src/system/time/schedule.ts';
import { englishOf } from '../../config/told.ts';

describe('accepted and refused schedules', () => {
  it.each([
    '* * * * * *',
    ' */5 * * * * *',
    '*/30 * * * * *',
    '0,30 * * * * *',
    '10,40 * * * * *',
    '0-59/20 * * * * *',
    '  */5   *  * * * *  ',
    '*/5 */1 0-23 1-31 1-12 0-6',
    '*/5 * * * jan-dec sun-sat',
  ])('the schedule %j is accepted', (expression) => {
    expect(scheduleProblem(expression)).toBeUndefined();
  });

  it.each([
    ['0 * * * * *', '60 s'],
    ['0,20 * * * * *', '40 s'],
    ['5,36 * * * * *', '31 s'],
    ['0,10,20,28 * * * * *', '32 s'],
    ['*/31 * * * * *', '31 s'],
    ['0-20 * * * * *', '40 s'],
    ['*/40 * * * * *', '40 s'],
  ])('the schedule %s is refused because it leaves gaps of %s', (expression, gap) => {
    expect(englishOf(scheduleProblem(expression))).toBe(`leaves gaps of ${gap}; at most 30 s are allowed`);
  });

  it.each([
    '*/5 0-58 * * * *',
    '*/5 * 8-18 * * *',
    '*/5 * * 1-30 * *',
    '*/5 * * * 1-11 *',
    '*/5 * * * * 1-5',
    '*/5 */2 * * * *',
  ])('the schedule %s is refused because it skips minutes, hours or days', (expression) => {
    expect(englishOf(scheduleProblem(expression))).toBe(
      'leaves gaps of a minute or more; at most 30 s are allowed',
    );
  });

  it.each(['* * * * *', '*/5 * * * *'])(
    'the schedule %s is refused because it has no field for seconds',
    (expression) => {
      expect(englishOf(scheduleProblem(expression))).toBe(
        'must have six fields, seconds first: "*/5 * * * * *"',
      );
    },
  );

  it.each(['', ' ', 'often', '* * * *', '60 * * * * *', '* * * * * * *', '*/0 * * * * *', '-5 * * * * *'])(
    'the text %j is refused as no cron expression',
    (expression) => {
      expect(englishOf(scheduleProblem(expression))).toMatch(/^is no cron expression \(.+\)$/);
    },
  );

  it.each(['@daily', '@hourly', '@every 5s'])('the nickname %s is refused as a schedule', (expression) => {
    expect(scheduleProblem(expression)).toBeDefined();
  });
});

it('the usual schedule comes every five seconds', () => {
  expect(secondsOf(DEFAULT_SCHEDULE)).toEqual([0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55]);
  // Written otherwise it is read by the cron library.
  expect(secondsOf(DEFAULT_SCHEDULE.replace(' ', '  '))).toEqual(secondsOf(DEFAULT_SCHEDULE));
});

describe('the next time of a schedule', () => {
  it('the next second of a schedule is found across minutes', () => {
    const seconds = secondsOf('10,40 * * * * *');
    expect([0, 9_999, 10_000, 39_999, 40_000, 59_999].map((wall) => untilNext(seconds, wall))).toEqual([
      10_000, 1, 30_000, 1, 30_000, 10_001,
    ]);
  });

  it('the next second of a schedule is found for times before 1970', () => {
    expect(untilNext(secondsOf(DEFAULT_SCHEDULE), -1)).toBe(1);
  });
});
