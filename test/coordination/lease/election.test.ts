import { describe, expect, it } from 'vitest';
import {
  decide,
  type Holding,
  holdingOf,
  isHeld,
  type Observation,
  observed,
  released,
  specOf,
} from '../../../src/coordination/lease/election.ts';
import { HOUR, SECOND } from '../../../src/core/time.ts';
import { type FakeClock, fakeClock } from '../../support/clock.ts';

const TIMES = { duration: 15 * SECOND, renewDeadline: 10 * SECOND, retryPeriod: 2 * SECOND };

function holding(changes: Partial<Holding> = {}): Holding {
  const at = fakeClock().now().wall;
  return { holder: 'other', duration: 15 * SECOND, transitions: 3, acquired: at, renewed: at, ...changes };
}

/** What one sees who looks at a Lease, again and again. */
function onlooker(clock: FakeClock) {
  let seen: Observation | undefined;
  return (held: Holding | undefined) => {
    seen = observed(seen, held, clock.now());
    return decide(seen, 'me', TIMES, clock.now());
  };
}

describe('Leases of other daemons', () => {
  it('a Lease is left alone while it keeps changing and taken when unchanged for its duration', () => {
    const clock = fakeClock();
    const look = onlooker(clock);
    for (let renewal = 0; renewal < 20; renewal += 1) {
      expect(look(holding({ renewed: renewal * SECOND }))).toEqual({ kind: 'wait', ms: 15 * SECOND });
      clock.pass(2 * SECOND);
    }
    const last = holding({ renewed: 19 * SECOND });
    clock.pass(12 * SECOND);
    expect(look(last)).toEqual({ kind: 'wait', ms: SECOND });
    clock.pass(SECOND);
    const { wall } = clock.now();
    expect(look(last)).toEqual({
      kind: 'take',
      holding: { holder: 'me', duration: 15 * SECOND, transitions: 4, acquired: wall, renewed: wall },
    });
  });

  it.each([
    ['an hour behind', -HOUR],
    ['an hour ahead', HOUR],
  ])('a candidate counts by its own clock when the clock of the holder is %s', (_, skew) => {
    const clock = fakeClock();
    const look = onlooker(clock);
    const held = (renewed: number) => holding({ renewed: renewed + skew });
    expect(look(held(clock.now().wall)).kind).toBe('wait');
    clock.pass(14 * SECOND);
    expect(look(held(clock.now().wall))).toEqual({ kind: 'wait', ms: 15 * SECOND });
    const dead = held(clock.now().wall);
    clock.pass(15 * SECOND);
    expect(look(dead).kind).toBe('take');
  });

  it('a Lease is not taken because the clock of the candidate was set forward', () => {
    const clock = fakeClock();
    const look = onlooker(clock);
    look(holding());
    clock.set(HOUR);
    expect(look(holding())).toEqual({ kind: 'wait', ms: 15 * SECOND });
  });

  it('a Lease that was given back is taken at once, which counts as a transition', () => {
    const clock = fakeClock();
    const look = onlooker(clock);
    look(holding());
    const free = released(holding(), clock.now());
    expect(free).toMatchObject({ holder: '', duration: SECOND, transitions: 3 });
    expect(look(free)).toMatchObject({ kind: 'take', holding: { transitions: 4 } });
  });

  it('a Lease that nobody has ever held is taken with a transition count of 0', () => {
    expect(onlooker(fakeClock())(undefined)).toMatchObject({ kind: 'take', holding: { transitions: 0 } });
  });
});

describe('the own Lease', () => {
  it('a leader renews its Lease and keeps its acquire time and transition count', () => {
    const clock = fakeClock();
    const look = onlooker(clock);
    const ours = holding({ holder: 'me' });
    clock.pass(2 * SECOND);
    expect(look(ours)).toEqual({ kind: 'renew', holding: { ...ours, renewed: clock.now().wall } });
  });

  it('a leader acts until the renew deadline by whichever of its clocks has moved further', () => {
    const clock = fakeClock();
    const renewal = clock.now();
    const held = () => isHeld(renewal, TIMES, clock.now());
    clock.pass(9_999);
    expect(held()).toBe(true);
    clock.pass(1);
    expect(held()).toBe(false);

    const suspended = fakeClock();
    const before = suspended.now();
    suspended.set(11 * SECOND);
    expect(isHeld(before, TIMES, suspended.now())).toBe(false);
  });
});

describe('the spec of a Lease', () => {
  it('a Lease spec has times with six decimals and is read as it was written', () => {
    const held = holding({ renewed: Date.UTC(2026, 0, 1, 12, 0, 0, 7) });
    const spec = specOf(held);
    expect(spec).toEqual({
      ...{ holderIdentity: 'other', leaseDurationSeconds: 15, leaseTransitions: 3 },
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T12:00:00.007000Z',
    });
    expect(holdingOf({ spec })).toEqual(held);
  });

  it('a Lease spec that is absent, empty or invalid is read without an error', () => {
    expect(holdingOf({})).toBeUndefined();
    expect(holdingOf({ spec: {} })).toMatchObject({ holder: '', renewed: 0 });
    expect(holdingOf({ spec: { holderIdentity: 'x', renewTime: 'soon' } })).toMatchObject({ renewed: 0 });
  });
});
