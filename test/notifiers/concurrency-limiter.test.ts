import { describe, expect, it } from 'vitest';
import { createSlots, type Entrant } from '../../src/notifiers/concurrency-limiter.ts';

function entrant(name: string, share: number, sharers: readonly string[]): Entrant {
  return { name, group: name, sharers: sharers.map((key) => ({ key, name: key, share })) };
}

/** Tasks that run until the test ends them. */
function tasks(slots: ReturnType<typeof createSlots>, share = 1) {
  const running = new Map<string, () => void>();
  return {
    running: () => [...running.keys()],
    start(name: string, ...sharers: string[]) {
      const task = () => new Promise<void>((end) => running.set(name, end));
      return slots.run(entrant(name, share, sharers), task);
    },
    async end(name: string) {
      running.get(name)?.();
      running.delete(name);
      await new Promise(setImmediate);
    },
  };
}

describe('slots for running tasks', () => {
  it('slots are given in the order in which they were requested', async () => {
    const { running, start, end } = tasks(createSlots(1));
    for (const name of ['a', 'b', 'c']) void start(name);
    expect(running()).toEqual(['a']);
    await end('a');
    expect(running()).toEqual(['b']);
    await end('b');
    expect(running()).toEqual(['c']);
  });

  it('a single sharer cannot take all slots and holds up only itself', async () => {
    const { running, start, end } = tasks(createSlots(4), 2);
    for (const name of ['a', 'b', 'c']) void start(name, 'shop');
    void start('d', 'club');
    expect(running()).toEqual(['a', 'b', 'd']);
    await end('a');
    expect(running()).toEqual(['b', 'd', 'c']);
  });

  it('the end of one task admits every task that waited for its shares', async () => {
    const { running, start, end } = tasks(createSlots(4));
    void start('a', 'shop', 'host');
    void start('b', 'shop', 'other');
    void start('c', 'club', 'host');
    expect(running()).toEqual(['a']);
    await end('a');
    expect(running()).toEqual(['b', 'c']);
  });

  it('a slot is returned when its task fails', async () => {
    const slots = createSlots(1);
    const shop = entrant('a', 1, ['shop']);
    await expect(slots.run(shop, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await slots.run(shop, async () => {});
  });
});
