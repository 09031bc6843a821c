import { describe, expect, it } from 'vitest';
import { apply } from '../../src/core/apply.ts';
import { lasts, plan, restOf } from '../../src/core/plan.ts';
import { initialState, type State } from '../../src/core/state/index.ts';
import { after, type Instant, MINUTE, SECOND } from '../../src/core/time.ts';
import { aToken } from '../publishers/token.ts';
import { policyFor } from '../support/kinds.ts';
import { changed } from '../support/state.ts';

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
    store: { ...state.store, lookedAt: START.monotonic },
    life: { ...state.life, end: after(START, 120 * MINUTE) },
    targets: [{ id: 'file', generation: token.generation, dueAt: START.monotonic + MINUTE, failures: 0 }],
  };
}

function rested(state: State) {
  const rest = restOf(plan(state, policy, START), state, undefined, START);
  if (!rest) throw new Error('no rest');
  return rest;
}

describe('idle credential', () => {
  it('an idle credential rests until it is to be looked at, and its plan stays the same until then', () => {
    const state = published();
    const rest = rested(state);
    expect(rest.lookAt).toBe(at(30 * SECOND).monotonic);
    for (let ms = 0; ms < 30 * SECOND; ms += 500) {
      expect(lasts(rest, state, undefined, at(ms))).toBe(true);
      expect(plan(state, policy, at(ms))).toMatchObject({ publish: [], step: { kind: 'wait' } });
    }
    expect(plan(state, policy, at(30 * SECOND))).toMatchObject({ step: { kind: 'look' } });
  });

  it('an idle credential whose looks find nothing new rests until shortly before its next refresh', () => {
    const state = published();
    const rest = rested(state);
    let ms = 0;
    while (lasts(rest, state, undefined, at(ms))) {
      const looked = apply(state, { type: 'unchanged' }, { policy, now: at(ms), random: 0.5 });
      expect(plan(looked, policy, at(ms)).step).toMatchObject({ kind: 'wait', why: 'fresh' });
      ms += 30 * SECOND;
    }
    expect(ms).toBeGreaterThan(100 * MINUTE);
  });

  it('a target that does not hold the token ends the rest when it is due', () => {
    const state = published();
    const [file] = state.targets;
    if (!file) throw new Error('no target');
    const failing = { ...file, dueAt: at(20 * SECOND).monotonic };
    expect(rested({ ...state, targets: [failing] }).lookAt).toBe(at(20 * SECOND).monotonic);
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
    const soon = changed(published(), { life: { end: after(START, 5 * MINUTE + 5 * SECOND) } });
    expect(restOf(plan(soon, policy, START), soon, undefined, START)).toBeUndefined();
    const unsaved = changed(published(), { store: { saved: false } });
    expect(restOf(plan(unsaved, policy, START), unsaved, undefined, START)).toBeUndefined();
  });
});
