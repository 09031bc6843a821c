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

describe('token found after a restart', () => {
  it('a found token has its true age when the clock was set back without a reboot', () => {
    const story = found('stable-token', { passed: 100 * MINUTE, set: -30 * MINUTE });
    expect(rest(story)).toBeLessThanOrEqual(15 * MINUTE + 30 * SECOND);
    expect(rest(story)).toBeGreaterThan(14 * MINUTE);
  });

  it('a found token dated into the future is published and renewed within 31 s', () => {
    const story = found('stable-token', { boots: ['x', 'y'], set: -2 * HOUR });
    expect(rest(story)).toBeLessThan(31 * SECOND);
    expect(story.plan().publish).toEqual([TARGET]);
  });

  it('a found token has aged by the wall clock while the machine slept', () => {
    const story = found('stable-token', { passed: 10 * MINUTE, set: HOUR });
    expect(rest(story)).toBeLessThan(46 * MINUTE);
  });
});

describe('access-token found under a doubtful clock', () => {
  it('the platform is asked for the time before a found access-token is replaced', () => {
    const story = found('access-token', { boots: ['x', 'y'], passed: MINUTE, set: 48 * HOUR });
    expect(story.plan().step).toEqual({ kind: 'ask-time' });
    story.happen({ type: 'timed', platformDate: story.clock.now().wall - 48 * HOUR });
    expect(story.plan()).toMatchObject({ publish: [TARGET], step: { kind: 'wait', why: 'fresh' } });
    expect(rest(story)).toBeGreaterThan(100 * MINUTE);
  });

  it('a found access-token is fetched anew when the platform tells no time', () => {
    const story = found('access-token', { boots: ['x', 'y'], passed: 3 * HOUR });
    expect(story.plan().step).toEqual({ kind: 'ask-time' });
    story.happen({ type: 'timed' });
    expect(story.plan().step).toMatchObject({ kind: 'fetch', reason: 'expired' });
  });
});

describe('access-token that was just fetched', () => {
  it('a new access-token is not replaced for a minute even when the clock jumps forward', () => {
    const story = tell('access-token');
    story.fetch(token('a'), 7200, story.clock.now().wall);
    story.clock.set(48 * HOUR);
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'unready' });
    story.clock.pass(66 * SECOND);
    expect(story.plan().step).toMatchObject({ kind: 'fetch', reason: 'expired' });
  });
});

describe('pod without shared state', () => {
  it('a pod without shared state waits for its usual recheck after a restart (G6)', () => {
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
