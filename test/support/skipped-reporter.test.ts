import { describe, expect, it } from 'vitest';
import { linesOf } from './skipped-reporter.ts';

describe('the end of a run', () => {
  it('says nothing of skipped tests where there are none', () => {
    expect(linesOf([])).toEqual([]);
  });

  it('counts the skipped tests of each reason, the most frequent first', () => {
    expect(linesOf(['b is missing', 'c is missing', 'a is missing', 'c is missing'])).toEqual([
      'skipped: 2 tests, c is missing',
      'skipped: 1 test, a is missing',
      'skipped: 1 test, b is missing',
    ]);
  });

  it('gives a reason of several lines one line', () => {
    expect(linesOf(['podman does not work here\n  (no runtime)\n'])).toEqual([
      'skipped: 1 test, podman does not work here (no runtime)',
    ]);
  });
});
