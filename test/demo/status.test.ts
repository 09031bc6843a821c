import { describe, expect, it } from 'vitest';
import { type Status, statusLine } from './status.ts';

const STATUS: Status = {
  left: 14_200,
  life: 20_000,
  reader: { calls: 12_345, refused: 0, repeated: 2, badReads: 0 },
  platformCalls: 7,
};

const plain = (status: Status, width: number) => statusLine(status, width, (_, text) => text);

describe('status line of the demo', () => {
  it('the status line is never wider than the terminal', () => {
    for (let width = 1; width <= 200; width += 1) {
      for (const left of [undefined, -5_000, 0, 14_200, 90_000]) {
        expect(plain({ ...STATUS, left }, width).length).toBeLessThanOrEqual(width);
      }
    }
  });

  it('the status line shows life and calls in 40 columns, everything in wide ones', () => {
    expect(plain(STATUS, 39)).toBe('15 s [######---] calls 12345, refused 0');
    expect(plain(STATUS, 99)).toBe(
      '15 s [#####################---------] calls 12345, refused 0, platform calls 7, repeated 2',
    );
  });

  it('the width of the status line does not count colour codes', () => {
    const painted = statusLine(STATUS, 39, (_, text) => `\u001b[32m${text}\u001b[39m`);
    expect(painted.replace(/\u001b\[\d+m/g, '')).toBe(plain(STATUS, 39));
  });
});
