import { describe, expect, it } from 'vitest';
import { initialState } from '../../src/core/state/index.ts';
import { kept } from '../../src/core/state/kept.ts';
import { omit, without } from '../../src/core/without.ts';
import { aToken } from '../publishers/token.ts';
import { fakeClock } from '../support/clock.ts';

const now = fakeClock().now();
const before = initialState('weixin/stable-token/wx0000000000000000', ['file:/a', 'file:/b'], now, 0.5);

describe('what is kept of a state', () => {
  it('it says what the state said', () => {
    const token = aToken('the-first-token-of-this-test');
    const next = {
      ...before,
      record: { ...before.record, generation: 2, token },
      life: { ...before.life, askedAt: 7 },
    };
    expect(kept(next, before)).toEqual(next);
    expect(kept(next, before).record.token?.value).toBe(token.value);
  });

  it('a state with the same record, life and targets is kept as it is', () => {
    const next = { ...before, store: { ...before.store, lookedAt: 7 } };
    expect(kept(next, before)).toBe(next);
  });
});

describe('objects without fields', () => {
  it('fields are left out, in the same order, and the object stays as it was', () => {
    const value: { a?: number; b: number; c?: number } = { a: 1, b: 2, c: 3 };
    expect(Object.entries(without(value, 'a'))).toEqual([
      ['b', 2],
      ['c', 3],
    ]);
    expect(omit(value, 'b', 'c')).toEqual({ a: 1 });
    expect(value).toEqual({ a: 1, b: 2, c: 3 });
  });

  it('an object that has none of the fields is returned itself', () => {
    const value: { a?: number; b: number } = { b: 2 };
    expect(without(value, 'a')).toBe(value);
  });
});
