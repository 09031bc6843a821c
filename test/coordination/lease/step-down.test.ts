import { describe, expect, it } from 'vitest';
import { createStepDown } from '../../../src/coordination/lease/step-down.ts';
import { MINUTE, SECOND } from '../../../src/core/time.ts';
import { fakeClock } from '../../support/clock.ts';

function leader() {
  const clock = fakeClock();
  const seen = { leads: true, resigned: 0 };
  const resign = () => {
    seen.resigned += 1;
    seen.leads = false;
  };
  return { clock, seen, ...createStepDown({ clock, leads: () => seen.leads, resign }) };
}

describe('stepping down', () => {
  it('a leader that is asked to resign does so at once when no work is under way', () => {
    const { request, seen } = leader();
    request();
    expect(seen.resigned).toBe(1);
  });

  it('a leader finishes the work under way before it resigns and begins no more', () => {
    const { request, enter, isOpen, seen } = leader();
    const [one, other] = [enter(), enter()];
    expect(isOpen()).toBe(true);
    request();
    expect(enter()).toBeUndefined();
    expect(isOpen()).toBe(false);
    one?.();
    expect(seen.resigned).toBe(0);
    other?.();
    expect(seen.resigned).toBe(1);
  });

  it('a leader resigns at most once a minute, however often it is asked', () => {
    const { request, clock, seen, enter } = leader();
    request();
    seen.leads = true;
    clock.pass(MINUTE - SECOND);
    request();
    expect(enter()).toBeDefined();
    expect(seen.resigned).toBe(1);
    clock.pass(SECOND);
    request();
    expect(seen.resigned).toBe(1);
  });

  it('a leader that lost the Lease meanwhile does not resign after its work', () => {
    const { request, enter, seen } = leader();
    const done = enter();
    request();
    seen.leads = false;
    done?.();
    expect(seen.resigned).toBe(0);
    seen.leads = true;
    expect(enter()).toBeDefined();
  });
});
