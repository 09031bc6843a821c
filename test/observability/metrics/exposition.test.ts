import { describe, expect, it } from 'vitest';
import { expose } from '../../../src/observability/metrics/exposition.ts';

describe('long metrics text', () => {
  it('a long metrics text is built in slices so that other work gets its turn', async () => {
    let turn = 0;
    const takenIn: number[] = [];
    function* samples() {
      for (let value = 0; value < 5_000; value += 1) {
        takenIn[turn] = (takenIn[turn] ?? 0) + 1;
        yield { labels: { credential: `c${value}` }, value };
      }
    }
    const next = () => {
      turn += 1;
      others = setImmediate(next);
    };
    let others = setImmediate(next);
    const slices = await expose([{ name: 'x', help: 'Help.', type: 'gauge', samples }], 'rest\n');
    clearImmediate(others);
    expect(Math.max(...takenIn.filter(Boolean))).toBeLessThanOrEqual(500);
    expect(Math.max(...slices.map((slice) => slice.toString().split('\n').length))).toBeLessThanOrEqual(502);
    expect(Buffer.concat(slices).toString().split('\n')).toEqual([
      '# HELP x Help.',
      '# TYPE x gauge',
      ...Array.from({ length: 5_000 }, (_, value) => `x{credential="c${value}"} ${value}`),
      '',
      'rest',
      '',
    ]);
  });
});
