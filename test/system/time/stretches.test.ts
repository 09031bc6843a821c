import { describe, expect, it } from 'vitest';
import { createStretches } from '../../../src/system/time/stretches.ts';
import { fakeClock } from '../../support/clock.ts';

/** Work that takes 3 ms each, and what was done in which turn of the event loop. */
function open(longest: number) {
  const clock = fakeClock();
  const stretches = createStretches(longest, clock);
  const done: string[] = [];
  const run = (name: string) =>
    stretches.run(() => {
      clock.pass(3);
      done.push(name);
      return name;
    });
  return { run, done };
}

const nextTurn = () => new Promise<void>((resolve) => void setImmediate(resolve));

describe('stretches of short work', () => {
  it('work within the limit is done before the call returns', async () => {
    const { run, done } = open(5);
    const all = [run('a'), run('b')];
    expect(done).toEqual(['a', 'b']);
    expect(await Promise.all(all)).toEqual(['a', 'b']);
  });

  it('the event loop turns when the limit is reached, and the rest is done in the order of the calls', async () => {
    const { run, done } = open(5);
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const all = Promise.all(names.map(run));
    expect(done).toEqual(['a', 'b']);
    await nextTurn();
    expect(done).toEqual(['a', 'b', 'c', 'd']);
    expect(await all).toEqual(names);
    expect(done).toEqual(names);
  });

  it('what follows from work counts for the limit', async () => {
    const { run, done } = open(5);
    const chain = async (name: string) => {
      for (const step of [1, 2, 3]) await run(`${name}${step}`);
    };
    const all = Promise.all([chain('a'), chain('b')]);
    expect(done).toEqual(['a1', 'b1']);
    await nextTurn();
    expect(done).toEqual(['a1', 'b1', 'a2', 'b2']);
    await all;
    expect(done.toSorted()).toEqual(['a1', 'a2', 'a3', 'b1', 'b2', 'b3']);
  });

  it('work that fails fails alone', async () => {
    const stretches = createStretches(5, fakeClock());
    const failed = stretches.run(() => {
      throw new Error('no such file');
    });
    await expect(failed).rejects.toThrow('no such file');
    expect(await stretches.run(() => 1)).toBe(1);
  });
});
