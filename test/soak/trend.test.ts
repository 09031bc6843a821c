import { describe, expect, it } from 'vitest';
import { seeded } from '../support/clock.ts';
import { leastOfEach, trendOf } from './trend.ts';

const line = (count: number, slope: number, noise = () => 0) =>
  Array.from({ length: count }, (_, at) => ({ at, value: 100 + slope * at + noise() }));

describe('trend of samples', () => {
  it('the trend of samples on a line is that line, without a margin', () => {
    const { slope, margin, level } = trendOf(line(11, 3));
    expect([slope, margin, level].map((number) => Number(number.toFixed(9)))).toEqual([3, 0, 115]);
  });

  it('the trend of the R data set "women" has the published slope and margin', () => {
    const weights = [115, 117, 120, 123, 126, 129, 132, 135, 139, 142, 146, 150, 154, 159, 164];
    const { slope, margin } = trendOf(weights.map((value, index) => ({ at: 58 + index, value })));
    // 3.45, with a standard error of 0.0911 and the quantile 2.1604 of 13 degrees of freedom.
    expect(slope).toBeCloseTo(3.45, 2);
    expect(margin).toBeCloseTo(0.0911 * 2.1604, 3);
  });

  it.each([
    [3, 3.18, 0.05],
    [5, 2.571, 0.01],
    [10, 2.228, 0.002],
    [30, 2.042, 0.001],
    [1000, 1.962, 0.001],
  ])('the margin of a trend uses the quantile of %i degrees of freedom', (degrees, quantile, within) => {
    // One sample off a level line: the standard error follows from the sum of squares.
    const samples = line(degrees + 2, 0).map((sample, index) => ({ ...sample, value: index % 2 }));
    const { slope, margin, level } = trendOf(samples);
    const middle = (degrees + 1) / 2;
    const squares = samples.reduce(
      (total, { at, value }) => total + (value - level - slope * (at - middle)) ** 2,
      0,
    );
    const spread = samples.reduce((total, { at }) => total + (at - middle) ** 2, 0);
    expect(Math.abs(margin / Math.sqrt(squares / degrees / spread) - quantile)).toBeLessThan(within);
  });

  it('the margin of a trend holds the true slope in 95 of 100 cases', () => {
    const random = seeded(7);
    const noise = () => 20 * (random() + random() + random() - 1.5);
    const cases = Array.from({ length: 1_000 }, () => trendOf(line(40, 0.5, noise)));
    const held = cases.filter(({ slope, margin }) => Math.abs(slope - 0.5) <= margin).length;
    expect(held).toBeGreaterThan(930);
    expect(held).toBeLessThan(970);
  });

  it('the trend of two samples is refused as a TypeError', () => {
    expect(() => trendOf(line(2, 1))).toThrow(TypeError);
  });
});

it('the minimum of each stretch of a sawtooth shows whether its floor rises', () => {
  const saw = Array.from({ length: 600 }, (_, index) => ({
    at: index / 60,
    value: 50 + (index % 17) + index / 600,
  }));
  expect(trendOf(leastOfEach(1, saw)).slope).toBeCloseTo(0.1, 1);
});
