import { expect, it } from 'vitest';
import { inBrief, inWords } from '../../../src/observability/log/duration.ts';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

it.each([
  [0, '0 s'],
  [-5 * SECOND, '0 s'],
  [499, '0 s'],
  [500, '1 s'],
  [12 * SECOND, '12 s'],
  [59_499, '59 s'],
  [59_500, '1 min 0 s'],
  [250 * SECOND, '4 min 10 s'],
  [HOUR - SECOND, '59 min 59 s'],
  [HOUR - 1, '1 h 0 min'],
  [HOUR, '1 h 0 min'],
  [2 * HOUR - SECOND, '1 h 59 min'],
  [7_080 * SECOND, '1 h 58 min'],
  [100 * HOUR, '100 h 0 min'],
])('a duration of %i ms is written out as %s', (ms, words) => {
  expect(inWords(ms)).toBe(words);
});

it.each([
  [0, '0s'],
  [59.9, '59s'],
  [60, '1m'],
  [3599, '59m'],
  [7080, '1h 58m'],
  [47 * 3600, '47h 0m'],
  [48 * 3600, '2d'],
])('a duration of %i s is abbreviated to %s', (seconds, words) => {
  expect(inBrief(seconds)).toBe(words);
});
