import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { tell, token } from '../support/story.ts';

const LIFE = 7200 * SECOND;

describe('schedule of a stable-token', () => {
  it('a stable-token is fetched at once when there is none', () => {
    expect(tell('stable-token').plan().step).toEqual({ kind: 'fetch', reason: 'missing', forced: false });
  });

  it('a stable-token is fetched within 30 s of the opening of its rotation window', () => {
    for (const draw of [0, 0.5, 0.999]) {
      const story = tell('stable-token', {}, draw);
      story.fetch(token('a'));
      story.clock.pass(LIFE - 5 * MINUTE);
      expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'fresh' });
      story.clock.pass(30 * SECOND);
      expect(story.plan().step).toEqual({ kind: 'fetch', reason: 'due', forced: false });
    }
  });

  it('a stable-token that comes back the same is no error and is retried later', () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    story.clock.pass(LIFE - 4 * MINUTE);
    story.fetch(token('a'), 240);
    expect(story.state().attempts.failure).toBeUndefined();
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'unready' });
    story.clock.pass(20 * SECOND);
    expect(story.plan().step).toMatchObject({ kind: 'fetch', reason: 'due' });
  });

  it('a stable-token that never changes is asked for a bounded number of times an hour', () => {
    const story = tell('stable-token');
    story.fetch(token('a'), 60);
    let calls = 0;
    for (let passed = 0; passed < HOUR; passed += SECOND) {
      if (story.plan().step.kind === 'fetch') {
        story.fetch(token('a'), 60);
        calls += 1;
      }
      story.clock.pass(SECOND);
    }
    expect(calls).toBeGreaterThan(30);
    expect(calls).toBeLessThan(80);
  });

  it('a stable-token lives for the seconds left in the answer', () => {
    const story = tell('stable-token');
    story.fetch(token('a'), 345);
    expect(story.state().record.token).toMatchObject({ expiresIn: 345 });
    story.clock.pass(346 * SECOND);
    expect(story.plan().step).toMatchObject({ kind: 'fetch', reason: 'expired' });
  });

  it('a stable-token gets a new end when it comes back with a shorter life', () => {
    const story = tell('stable-token');
    story.fetch(token('a'), 7200);
    const before = story.state().record.token?.generation ?? 0;
    story.happen({ type: 'requested', strength: 'ordinary' });
    story.fetch(token('a'), 600);
    expect(story.state().record.token?.generation).toBeGreaterThan(before);
    story.clock.pass(6 * MINUTE);
    expect(story.plan().step).toMatchObject({ kind: 'fetch', reason: 'due' });
  });
});

describe('schedule of an access-token', () => {
  it('an access-token is replaced ten minutes before its end, at most 54 s later', () => {
    for (const draw of [0, 0.5, 0.999]) {
      const story = tell('access-token', {}, draw);
      story.fetch(token('a'));
      story.clock.pass(LIFE - 10 * MINUTE);
      expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'fresh' });
      story.clock.pass(54 * SECOND);
      expect(story.plan().step).toEqual({ kind: 'fetch', reason: 'due', forced: false });
    }
  });

  it('an access-token with a short life is replaced in its last third', () => {
    const story = tell('access-token');
    story.fetch(token('a'), 60);
    story.clock.pass(39 * SECOND);
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'fresh' });
    story.clock.pass(5 * SECOND);
    expect(story.plan().step).toMatchObject({ kind: 'fetch', reason: 'due' });
  });

  it('an access-token fetch leaves an intent that a good answer settles', () => {
    const story = tell('access-token');
    story.fail();
    expect(story.state().record.intent).toBeDefined();
    story.clock.pass(MINUTE);
    story.fetch(token('a'));
    expect(story.state().record.intent).toBeUndefined();
  });

  it('an access-token lives for the overlap at most after a lost answer', () => {
    const story = tell('access-token');
    story.fetch(token('a'));
    story.publish();
    story.clock.pass(LIFE - 9 * MINUTE);
    story.fail();
    story.clock.pass(2 * SECOND);
    expect(story.plan().step).toMatchObject({ kind: 'fetch', reason: 'unfinished' });
    story.clock.pass(5 * MINUTE);
    expect(story.plan().publish).toEqual([]);
  });

  it('an access-token keeps its full life when the platform refuses to replace it', () => {
    const story = tell('access-token');
    story.fetch(token('a'));
    story.clock.pass(LIFE - 9 * MINUTE);
    story.fail({ code: 'wx-45009', errcode: 45009, effect: 'none' });
    expect(story.state().record.intent).toBeUndefined();
    expect(story.state().life.doubt).toBeUndefined();
  });
});

describe('failed attempts', () => {
  it('the wait after failed attempts doubles up to one minute', () => {
    const story = tell('stable-token', {}, 0.999);
    const waits = Array.from({ length: 12 }, () => {
      story.fail();
      const { step } = story.plan();
      const ms = step.kind === 'wait' ? step.ms : 0;
      story.clock.pass(ms);
      return Math.round(ms / SECOND);
    });
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60]);
  });

  it('a failed attempt keeps the last good token and its publication', () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    story.publish();
    const { record, targets } = story.state();
    story.clock.pass(LIFE - 4 * MINUTE);
    story.fail();
    expect(story.state().record.token).toBe(record.token);
    expect(story.state().targets).toEqual(targets);
  });

  it('a failed attempt that never left this host is refunded to the budget', () => {
    const story = tell('stable-token');
    for (let i = 0; i < 1500; i += 1) {
      story.fail({ code: 'dns', effect: 'unsent' });
      story.clock.pass(MINUTE);
    }
    expect(story.plan().step.kind).toBe('fetch');
  });

  it('an answer that took longer than its token lives counts as a failure', () => {
    const story = tell('stable-token');
    const startedAt = story.clock.now();
    story.clock.pass(6 * SECOND);
    const answer = { value: new Secret(token('a')), expiresIn: 5 };
    story.happen({ type: 'fetched', answer, startedAt });
    expect(story.state().attempts.failure?.code).toBe('odd-answer');
    expect(story.state().record.token).toBeUndefined();
  });
});

describe('clock jumps', () => {
  it('a wall clock that jumps forward ends a token early', () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    story.clock.set(3 * HOUR);
    expect(story.plan().step).toMatchObject({ kind: 'fetch', reason: 'expired' });
  });

  it('a wall clock that jumps back does not extend the life of a token', () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    story.clock.set(-24 * HOUR);
    story.clock.pass(LIFE - 4 * MINUTE);
    expect(story.plan().step).toMatchObject({ kind: 'fetch', reason: 'due' });
  });
});
