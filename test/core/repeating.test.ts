import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { type Story, TARGET, tell, token } from '../support/story.ts';

/** What is known of a token that lives for ever, as far as a ticket is concerned. */
const LIVING = (() => {
  const base = tell('stable-token');
  base.fetch(token('base'), 86_400);
  return base.state();
})();

/** Lets time pass by ticks of a second until the story asks, and says how long that took, ms. */
function untilAsked(story: Story, most = 3 * HOUR): number {
  for (let passed = 0; passed <= most; passed += SECOND) {
    if (story.plan(LIVING).step.kind === 'fetch') return passed;
    story.clock.pass(SECOND);
  }
  return Number.POSITIVE_INFINITY;
}

describe('WeCom token that comes back until it ends', () => {
  it('a WeCom token is asked for near its end and then every few seconds until it changes', () => {
    const story = tell('wecom');
    story.fetch(token('a'), 7200);
    expect(untilAsked(story)).toBe(7140 * SECOND);
    story.fetch(token('a'), 60);
    expect(untilAsked(story)).toBe(61 * SECOND);
    story.fetch(token('a'), 1);
    expect(untilAsked(story)).toBeLessThanOrEqual(3 * SECOND);
    story.fetch(token('b'), 7200);
    expect(story.plan().publish).toEqual([TARGET]);
    expect(untilAsked(story)).toBe(7140 * SECOND);
  });
});

describe('ticket that is always reported with its full life', () => {
  it('a ticket is never asked for without a live token', () => {
    const story = tell('jsapi');
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'token' });
    const dead = tell('stable-token');
    dead.fetch(token('base'), 60);
    story.clock.pass(MINUTE);
    expect(story.plan(dead.state()).step).toMatchObject({ kind: 'wait', why: 'token' });
    expect(story.plan(LIVING).step).toMatchObject({ kind: 'fetch', reason: 'missing' });
  });

  it('a ticket of unknown age is asked for every half hour', () => {
    const story = tell('jsapi');
    story.fetch(token('a'));
    for (let time = 0; time < 3; time += 1) {
      expect(untilAsked(story)).toBe(30 * MINUTE);
      story.fetch(token('a'));
    }
    expect(story.plan(LIVING).step).toMatchObject({ why: 'fresh' });
  });

  it('a ticket is not trusted for longer than its full life since it was first seen', () => {
    const story = tell('jsapi');
    story.fetch(token('a'));
    story.clock.pass(100 * MINUTE);
    story.fetch(token('a'));
    expect(untilAsked(story)).toBeLessThanOrEqual(20 * MINUTE);
  });

  it('a ticket that was seen to change lives from the last answer with the old one', () => {
    const story = tell('jsapi');
    story.fetch(token('a'));
    story.clock.pass(20 * MINUTE);
    story.fetch(token('a'));
    story.clock.pass(5 * SECOND);
    story.fetch(token('b'));
    const { record } = story.state();
    expect(record.token?.unwitnessed).toBeUndefined();
    expect(untilAsked(story)).toBe(7200 * SECOND - MINUTE - 5 * SECOND);
  });

  it('a ticket that outlives its believed end stays published below 100 calls an hour', () => {
    const story = tell('jsapi');
    story.fetch(token('a'));
    story.clock.pass(2 * HOUR);
    let calls = 0;
    for (let passed = 0; passed < HOUR; passed += SECOND) {
      if (story.plan(LIVING).step.kind === 'fetch') {
        story.fetch(token('a'));
        calls += 1;
        expect(story.plan(LIVING).publish).toEqual([TARGET]);
      }
      story.clock.pass(SECOND);
    }
    expect(calls).toBeGreaterThan(40);
    // WeCom allows an app a hundred an hour.
    expect(calls).toBeLessThan(100);
  });

  it('a ticket costs no call when its token is replaced', () => {
    const story = tell('jsapi');
    story.fetch(token('a'));
    const renewed = tell('stable-token');
    renewed.fetch(token('next'), 86_400);
    story.clock.pass(MINUTE);
    expect(story.plan(renewed.state()).step).toMatchObject({ kind: 'wait', why: 'fresh' });
  });

  it('a ticket keeps its age over a restart, and has none when it changed unwatched', () => {
    const before = tell('jsapi');
    before.fetch(token('a'));
    const story = tell('jsapi');
    story.clock.pass(10 * MINUTE);
    story.happen({ type: 'observed', record: before.state().record });
    expect(untilAsked(story)).toBe(30 * MINUTE);
    story.clock.pass(3 * HOUR);
    story.fetch(token('c'));
    expect(story.state().record.token?.unwitnessed).toBe(true);
  });
});
