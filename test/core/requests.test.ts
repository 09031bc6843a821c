import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { tell, token } from '../support/story.ts';

describe('refresh requested by a person', () => {
  it('a requested refresh forces a stable-token whose holders share state', () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    story.happen({ type: 'requested', strength: 'preferred' });
    expect(story.plan().step).toEqual({ kind: 'fetch', reason: 'requested', forced: true });
  });

  it('a requested refresh is unforced and says so when others may hold the token', () => {
    const story = tell('stable-token', { manual: 'uncoordinated' });
    story.fetch(token('a'));
    story.happen({ type: 'requested', strength: 'preferred' });
    expect(story.plan().step).toMatchObject({ forced: false, downgraded: 'uncoordinated' });
  });

  it('a requested refresh is unforced within 30 s of a forced one', () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    story.happen({ type: 'requested', strength: 'preferred' });
    story.fetch(token('b'));
    story.clock.pass(29 * SECOND);
    story.happen({ type: 'requested', strength: 'preferred' });
    expect(story.plan().step).toMatchObject({ forced: false, downgraded: 'spacing' });
    story.clock.pass(SECOND);
    expect(story.plan().step).toEqual({ kind: 'fetch', reason: 'requested', forced: true });
  });

  it('forced refreshes are limited to half of the daily budget on the first day', () => {
    const story = tell('stable-token');
    const forcedInADay = () => {
      let forced = 0;
      for (let i = 0; i < 48; i += 1) {
        story.happen({ type: 'requested', strength: 'preferred' });
        const { step } = story.plan();
        if (step.kind === 'fetch' && step.forced) forced += 1;
        story.fetch(token(`${i}`));
        story.clock.pass(30 * MINUTE);
      }
      return forced;
    };
    expect(forcedInADay()).toBe(10);
    story.clock.pass(23 * HOUR);
    expect(forcedInADay()).toBe(20);
  });

  it('a requested refresh skips a backoff once', () => {
    const story = tell('stable-token');
    for (let i = 0; i < 8; i += 1) story.fail();
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'backoff' });
    story.happen({ type: 'requested', strength: 'ordinary' });
    expect(story.plan().step).toMatchObject({ kind: 'fetch', reason: 'requested' });
    story.fail();
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'backoff' });
  });

  it('a requested refresh never skips a used-up budget', () => {
    const story = tell('access-token', { budget: { fetchesPerDay: 4, forcedPerDay: 20 } });
    for (let i = 0; i < 4; i += 1) {
      story.fetch(token(`${i}`));
      story.clock.pass(HOUR);
    }
    story.happen({ type: 'requested', strength: 'ordinary' });
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'budget' });
  });

  it('two requested refreshes of an access-token are satisfied by one fetch', () => {
    const classic = tell('access-token');
    classic.fetch(token('a'));
    classic.happen({ type: 'requested', strength: 'preferred' });
    classic.happen({ type: 'requested', strength: 'preferred' });
    classic.fetch(token('b'));
    expect(classic.plan().step).toMatchObject({ kind: 'wait', why: 'fresh' });
  });
});

describe('call budget', () => {
  it('the budget is spread over a day-long outage and leaves calls for the recovery', () => {
    const story = tell('stable-token', { budget: { fetchesPerDay: 200, forcedPerDay: 20 } });
    let calls = 0;
    for (let passed = 0; passed < 24 * HOUR; passed += 5 * SECOND) {
      if (story.plan().step.kind === 'fetch') {
        story.fail();
        calls += 1;
      }
      story.clock.pass(5 * SECOND);
    }
    expect(calls).toBeLessThanOrEqual(200);
    expect(calls).toBeGreaterThan(140);
    const { step } = story.plan();
    expect(step.kind === 'wait' ? step.ms : 0).toBeLessThan(15 * MINUTE);
  });

  it('the budget is not reset by a clock that is set back', () => {
    const story = tell('access-token', { budget: { fetchesPerDay: 2, forcedPerDay: 20 } });
    story.fetch(token('a'));
    story.fetch(token('b'));
    story.clock.set(-10 * HOUR);
    story.happen({ type: 'requested', strength: 'ordinary' });
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'budget' });
  });
});
