import { describe, expect, it } from 'vitest';
import { scheduleProblem, secondsOf, USUAL, untilNext } from '../../src/system/schedule.ts';

describe('a schedule', () => {
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
  ])('may be %j', (expression) => {
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
  ])('may not leave gaps of more than 30 s: %s leaves %s', (expression, gap) => {
    expect(scheduleProblem(expression)).toBe(`leaves gaps of ${gap}; at most 30 s are allowed`);
  });

  it.each([
    '*/5 0-58 * * * *',
    '*/5 * 8-18 * * *',
    '*/5 * * 1-30 * *',
    '*/5 * * * 1-11 *',
    '*/5 * * * * 1-5',
    '*/5 */2 * * * *',
  ])('may not rest at certain minutes, hours or days: %s', (expression) => {
    expect(scheduleProblem(expression)).toBe('leaves gaps of a minute or more; at most 30 s are allowed');
  });

  it.each(['* * * * *', '*/5 * * * *'])('has the seconds first, so %s is asked to say them', (expression) => {
    expect(scheduleProblem(expression)).toBe('must have six fields, seconds first: "*/5 * * * * *"');
  });

  it.each(['', ' ', 'often', '* * * *', '60 * * * * *', '* * * * * * *', '*/0 * * * * *', '-5 * * * * *'])(
    'is no cron expression, and said to be none: %j',
    (expression) => {
      expect(scheduleProblem(expression)).toMatch(/^is no cron expression \(.+\)$/);
    },
  );

  it.each(['@daily', '@hourly', '@every 5s'])('is no nickname: %s', (expression) => {
    expect(scheduleProblem(expression)).toBeDefined();
  });
});

it('the usual one comes every five seconds', () => {
  expect(secondsOf(USUAL)).toEqual([0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55]);
});

describe('the next second of a schedule', () => {
  it('comes in every minute anew', () => {
    const seconds = secondsOf('10,40 * * * * *');
    expect([0, 9_999, 10_000, 39_999, 40_000, 59_999].map((wall) => untilNext(seconds, wall))).toEqual([
      10_000, 1, 30_000, 1, 30_000, 10_001,
    ]);
  });

  it('is known for moments before 1970 too', () => {
    expect(untilNext(secondsOf(USUAL), -1)).toBe(1);
  });
});
