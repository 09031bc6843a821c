import { describe, expect, it } from 'vitest';
import { lasts, plan, restOf } from '../../src/core/plan.ts';
import { initialState, type State } from '../../src/core/state.ts';
import { after, type Instant, MINUTE, SECOND } from '../../src/core/time.ts';
import { aToken } from '../publishers/token.ts';
import { policyFor } from '../support/kinds.ts';

const START: Instant = { wall: Date.UTC(2026, 0, 1), monotonic: 1_000_000 };
const policy = policyFor('stable-token');

const at = (ms: number): Instant => ({ wall: START.wall + ms, monotonic: START.monotonic + ms });

/** Published just now, with two hours to live. */
function published(): State {
  const state = initialState('account', ['file'], START, 0.5);
  const token = aToken('76_aToken-of_WeChat');
  return {
    ...state,
    record: { ...state.record, token },
    lookedAt: START.monotonic,
    end: after(START, 120 * MINUTE),
    targets: { file: { generation: token.generation, dueAt: START.monotonic + MINUTE, failures: 0 } },
  };
}

function rested(state: State) {
  const rest = restOf(plan(state, policy, START), state, undefined, START);
  if (!rest) throw new Error('no rest');
  return rest;
}

describe('idle credential', () => {
  it('an idle credential rests for as long as its plan stays the same', () => {
    const state = published();
    const rest = rested(state);
    for (let ms = 0; ms < 10 * MINUTE; ms += 500) {
      if (!lasts(rest, state, undefined, at(ms))) continue;
      expect(plan(state, policy, at(ms))).toMatchObject({ publish: [], step: { kind: 'wait' } });
    }
    expect(lasts(rest, state, undefined, at(29 * SECOND))).toBe(true);
    expect(lasts(rest, state, undefined, at(30 * SECOND))).toBe(false);
  });

  it('an idle credential stops resting when it or its base token changes', () => {
    const state = published();
    const rest = rested(state);
    expect(lasts(rest, { ...state }, undefined, at(1))).toBe(false);
    expect(lasts(rest, state, published(), at(1))).toBe(false);
  });

  it.each([
    ['forward', 40 * SECOND],
    ['back', -2 * SECOND],
  ])('an idle credential is planned anew when the wall clock was set %s', (_, jump) => {
    const state = published();
    const now = { ...at(SECOND), wall: at(SECOND).wall + jump };
    expect(lasts(rested(state), state, undefined, now)).toBe(false);
  });

  it('a credential does not rest while something is due soon or unsaved', () => {
    const soon = { ...published(), end: after(START, 5 * MINUTE + 5 * SECOND) };
    expect(restOf(plan(soon, policy, START), soon, undefined, START)).toBeUndefined();
    const unsaved = { ...published(), saved: false };
    expect(restOf(plan(unsaved, policy, START), unsaved, undefined, START)).toBeUndefined();
  });
});
