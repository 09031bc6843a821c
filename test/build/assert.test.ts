import assert from 'node:assert';
import { describe, expect, it } from 'vitest';

const { default: instead }: { default: typeof assert } = await import(
  new URL('../../build/instead/assert.cjs', import.meta.url).href
);

/** What a call throws: all that a person sees of it. */
function thrownBy(call: () => void) {
  try {
    call();
    return undefined;
  } catch (error) {
    const { name, code, message, actual, expected } = error as assert.AssertionError;
    return { name, code, message, actual, expected };
  }
}

const VALUES = [0, 1, '', '1', null, undefined, Number.NaN, false, true, 'text', {}];

describe('what stands for node:assert in the bundle', () => {
  it('a value is accepted and refused as by node:assert, with the same error', () => {
    for (const value of VALUES) {
      expect(thrownBy(() => instead(value, 'why'))).toEqual(thrownBy(() => assert(value, 'why')));
    }
  });

  it('two values are compared as by node:assert, with the same error', () => {
    for (const one of VALUES) {
      for (const other of VALUES) {
        expect(thrownBy(() => instead.equal(one, other, 'why'))).toEqual(
          thrownBy(() => assert.equal(one, other, 'why')),
        );
      }
    }
  });
});
