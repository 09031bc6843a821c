import { describe, expect, it } from 'vitest';
import { createGates, type Gates } from '../../src/loop/host-limit.ts';

const FETCH = { kind: 'fetch', reason: 'due', forced: false } as const;

/** Work that ends when it is told to. */
function works(gates: Gates) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    begun,
    pass: (name: string, host = 'a', step: Parameters<Gates['pass']>[1] = FETCH) =>
      gates.pass(host, step, () => {
        begun.push(name);
        return new Promise((resolve) => ends.set(name, resolve));
      }),
    end: async (name: string) => {
      ends.get(name)?.();
      // The next one begins in the turns after that.
      for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    },
  };
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `${index}`);

describe('requests at one host', () => {
  it('thirty-two requests are under way at a host at one time', async () => {
    const { begun, pass, end } = works(createGates());
    for (const name of names(34)) void pass(name);
    expect(begun).toEqual(names(32));
    await end('5');
    expect(begun).toEqual(names(33));
    await end('0');
    expect(begun).toEqual(names(34));
  });

  it('requests at another host do not wait', async () => {
    const { begun, pass } = works(createGates(1));
    void pass('one');
    void pass('waits');
    void pass('elsewhere', 'b');
    expect(begun).toEqual(['one', 'elsewhere']);
  });

  it.each([{ kind: 'look' }, { kind: 'save' }] as const)(
    'a step that stays on this machine never waits: %o',
    (step) => {
      const { begun, pass } = works(createGates(1));
      void pass('one');
      void pass('local', 'a', step);
      expect(begun).toEqual(['one', 'local']);
    },
  );

  it('a request that fails makes room for the next one', async () => {
    const gates = createGates(1);
    const failing = gates.pass('a', FETCH, () => Promise.reject(new Error('no')));
    const { begun, pass } = works(gates);
    void pass('next');
    await expect(failing).rejects.toThrow('no');
    expect(begun).toEqual(['next']);
  });

  it('a host at which nothing is under way has all its room again', async () => {
    const { begun, pass, end } = works(createGates(2));
    for (const name of ['a', 'b']) void pass(name);
    for (const name of ['a', 'b']) await end(name);
    for (const name of ['c', 'd', 'e']) void pass(name);
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
  });
});
