import { describe, expect, it } from 'vitest';
import { createConcurrencyLimiter, type TaskInfo } from '../../src/notifiers/concurrency-limiter.ts';

function entrant(name: string, limit: number, buckets: readonly string[]): TaskInfo {
  return { name, group: name, buckets: buckets.map((key) => ({ key, name: key, limit })) };
}

/** Tasks that run until the test ends them. */
function tasks(slots: ReturnType<typeof createConcurrencyLimiter>, limit = 1) {
  const running = new Map<string, () => void>();
  return {
    running: () => [...running.keys()],
    start(name: string, ...buckets: string[]) {
      const task = () => new Promise<void>((end) => running.set(name, end));
      return slots.run(entrant(name, limit, buckets), task);
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
    const { running, start, end } = tasks(createConcurrencyLimiter(1));
    for (const name of ['a', 'b', 'c']) void start(name);
    expect(running()).toEqual(['a']);
    await end('a');
    expect(running()).toEqual(['b']);
    await end('b');
    expect(running()).toEqual(['c']);
  });

  it('a single sharer cannot take all slots and holds up only itself', async () => {
    const { running, start, end } = tasks(createConcurrencyLimiter(4), 2);
    for (const name of ['a', 'b', 'c']) void start(name, 'shop');
    void start('d', 'club');
    expect(running()).toEqual(['a', 'b', 'd']);
    await end('a');
    expect(running()).toEqual(['b', 'd', 'c']);
  });

  it('the end of one task admits every task that waited for its shares', async () => {
    const { running, start, end } = tasks(createConcurrencyLimiter(4));
    void start('a', 'shop', 'host');
    void start('b', 'shop', 'other');
    void start('c', 'club', 'host');
    expect(running()).toEqual(['a']);
    await end('a');
    expect(running()).toEqual(['b', 'c']);
  });

  it('a slot is returned when its task fails', async () => {
    const slots = createConcurrencyLimiter(1);
    const shop = entrant('a', 1, ['shop']);
    await expect(slots.run(shop, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await slots.run(shop, async () => {});
  });
});
