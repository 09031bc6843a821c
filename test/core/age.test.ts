import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { fakeClock } from '../support/clock.ts';
import { type Story, TARGET, tell, token } from '../support/story.ts';

/** A daemon that fetched at its own time, and one that finds its token `passed` ms later. */
function found(type: 'stable-token' | 'access-token', { boots = ['x', 'x'], passed = HOUR, set = 0 }): Story {
  const writer = tell(type, {}, 0.5, fakeClock(boots[0]));
  writer.fetch(token('a'), 7200, writer.clock.now().wall);
  const finder = tell(type, {}, 0.5, fakeClock(boots[1]));
  finder.clock.pass(passed);
  finder.clock.set(set);
  finder.happen({ type: 'observed', record: writer.state().record });
  return finder;
}

/** How long until it would ask, ms. */
const rest = (story: Story) => {
  const { step } = story.plan();
  return step.kind === 'wait' ? step.ms : 0;
};

describe('a token found after a restart', () => {
  it('has its true age although the clock was set back meanwhile, where the machine has not been restarted', () => {
    const story = found('stable-token', { passed: 100 * MINUTE, set: -30 * MINUTE });
    expect(rest(story)).toBeLessThanOrEqual(15 * MINUTE + 30 * SECOND);
    expect(rest(story)).toBeGreaterThan(14 * MINUTE);
  });

  it('is asked for at once where every clock says that it comes from the future', () => {
    const story = found('stable-token', { boots: ['x', 'y'], set: -2 * HOUR });
    expect(rest(story)).toBeLessThan(31 * SECOND);
    expect(story.plan().publish).toEqual([TARGET]);
  });

  it('is older by the clock of a machine that slept', () => {
    const story = found('stable-token', { passed: 10 * MINUTE, set: HOUR });
    expect(rest(story)).toBeLessThan(46 * MINUTE);
  });
});

describe('an access-token found by a daemon whose clock may be wrong', () => {
  it('is not killed on the word of that clock: the platform is asked for the time first', () => {
    const story = found('access-token', { boots: ['x', 'y'], passed: MINUTE, set: 48 * HOUR });
    expect(story.plan().step).toEqual({ kind: 'ask-time' });
    story.happen({ type: 'timed', platformDate: story.clock.now().wall - 48 * HOUR });
    expect(story.plan()).toMatchObject({ publish: [TARGET], step: { kind: 'wait', why: 'fresh' } });
    expect(rest(story)).toBeGreaterThan(100 * MINUTE);
  });

  it('is fetched anew when the platform does not tell', () => {
    const story = found('access-token', { boots: ['x', 'y'], passed: 3 * HOUR });
    expect(story.plan().step).toEqual({ kind: 'ask-time' });
    story.happen({ type: 'timed' });
    expect(story.plan().step).toMatchObject({ kind: 'fetch', reason: 'expired' });
  });
});

describe('an access-token that has just replaced another', () => {
  it('is left alone until every reader has taken it up, also when the clock is set forward', () => {
    const story = tell('access-token');
    story.fetch(token('a'), 7200, story.clock.now().wall);
    story.clock.set(48 * HOUR);
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'unready' });
    story.clock.pass(66 * SECOND);
    expect(story.plan().step).toMatchObject({ kind: 'fetch', reason: 'expired' });
  });
});

describe('a pod that shares nothing', () => {
  it('does not ask at once after a restart, but when the usual time for another look is over (G6)', () => {
    const before = tell('stable-token');
    before.fetch(token('a'));
    const story = tell('stable-token', { recheck: 5 * MINUTE });
    story.clock.pass(20 * MINUTE);
    story.happen({ type: 'observed', record: before.state().record });
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'fresh', ms: 5 * MINUTE });
    story.clock.pass(5 * MINUTE);
    expect(story.plan().step).toMatchObject({ kind: 'fetch', reason: 'recheck' });
  });
});
