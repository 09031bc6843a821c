import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { createSlices, inSlices, piecesOf } from '../../../src/system/time/slices.ts';
import { fakeClock } from '../../support/clock.ts';

describe('work in slices', () => {
  it('everything else has its turn once the pieces have taken some milliseconds', async () => {
    const clock = fakeClock();
    const slices = createSlices(clock);
    const isOverIn = (pieces: number) => Array.from({ length: pieces }, () => slices.isOver()).includes(true);
    expect(isOverIn(100)).toBe(false);
    clock.pass(5);
    expect(isOverIn(8)).toBe(true);
    await slices.giveWay();
    expect(isOverIn(100)).toBe(false);
  });

  it('no turn of the event loop goes to two of them', async () => {
    let turn = 0;
    let isOver = false;
    setImmediate(function next() {
      turn += 1;
      if (!isOver) setImmediate(next);
    });
    const turns = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const slices = createSlices();
        await slices.giveWay();
        const first = turn;
        await slices.giveWay();
        return [first, turn];
      }),
    );
    isOver = true;
    expect(new Set(turns.flat()).size).toBe(6);
  });

  it('the results are in the order of the items, and pieces are one text', async () => {
    const items = Array.from({ length: 1000 }, (_, index) => index);
    expect(await inSlices(items, (item) => item * 2)).toEqual(items.map((item) => item * 2));
    const pieces: string[] = [];
    for await (const piece of piecesOf(items, ', ', String)) pieces.push(piece.toString());
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.join('')).toBe(items.join(', '));
    expect(await text(piecesOf([], ', ', String))).toBe('');
  });
});
