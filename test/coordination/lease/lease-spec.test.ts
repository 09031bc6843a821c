import { describe, expect, it } from 'vitest';
import { holdingOf, specOf } from '../../../src/coordination/lease/election.ts';
import { SECOND } from '../../../src/core/time.ts';

const AT = Date.UTC(2026, 0, 1, 12, 0, 0, 7);
const HELD = { holder: 'me', duration: 15 * SECOND, transitions: 3, acquired: AT - 5, renewed: AT };

describe('the fields of a Lease', () => {
  it('a Lease that was written is read as the same, with times of six decimals', () => {
    const spec = specOf(HELD);
    expect(spec).toEqual({
      ...{ holderIdentity: 'me', leaseDurationSeconds: 15, leaseTransitions: 3 },
      ...{ acquireTime: '2026-01-01T12:00:00.002000Z', renewTime: '2026-01-01T12:00:00.007000Z' },
    });
    expect(holdingOf({ spec })).toEqual(HELD);
  });

  it('a duration is written in whole seconds, of which there is one at least', () => {
    const secondsOf = (duration: number) => specOf({ ...HELD, duration }).leaseDurationSeconds;
    expect([0, 400, 1_499, 1_500, 15_200].map(secondsOf)).toEqual([1, 1, 1, 2, 15]);
  });

  it('a Lease that says nothing is read as nobody’s, with zero for all that it lacks', () => {
    expect(holdingOf({})).toBeUndefined();
    const nothing = { holder: '', duration: 0, transitions: 0, acquired: 0, renewed: 0 };
    expect(holdingOf({ spec: {} })).toEqual(nothing);
    expect(holdingOf({ spec: { acquireTime: 'soon', renewTime: '' } })).toEqual(nothing);
  });
});
