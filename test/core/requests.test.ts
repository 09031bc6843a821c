import { describe, expect, it } from 'vitest';
import { decodeRecord, encodeRecord } from '../../src/codec/record.ts';
import { begin } from '../../src/core/outcome.ts';
import type { AccountRecord } from '../../src/core/record.ts';
import { lifeLeft } from '../../src/core/state/life.ts';
import type { Strength } from '../../src/core/state/request.ts';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { PASSING_FAULT, type Story, TARGET, tell, token } from '../support/story.ts';

const ONE_HOUR = { first: HOUR, growth: 1, cap: HOUR, jitter: 'added' } as const;

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

/** How many calls the platform gets while somebody asks for a refresh every so many ms, and for 3 s after that. */
function callsOfStorm(story: Story, wishes: number, every: number): number {
  let calls = 0;
  for (let passed = 0; passed < wishes * every + 3 * SECOND; passed += every) {
    if (passed < wishes * every) story.happen({ type: 'requested', strength: 'preferred' });
    if (story.plan().step.kind === 'fetch') {
      calls += 1;
      story.fetch(token(`s${calls}`));
    }
    story.clock.pass(every);
  }
  return calls;
}

describe('storm of refresh requests', () => {
  it.each(['stable-token', 'access-token', 'wecom', 'jsapi'] as const)(
    'two hundred requests for a %s within 0.2 s cost two calls at most, the second one 2 s after the first',
    (type) => {
      const story = tell(type, { needsToken: false });
      story.fetch(token('a'));
      story.clock.pass(HOUR);
      expect(callsOfStorm(story, 200, 1)).toBe(type === 'access-token' ? 1 : 2);
      story.clock.pass(MINUTE);
      // That of an access-token has waited for readers.
      expect(story.plan().step.kind).toBe(type === 'access-token' ? 'fetch' : 'wait');
    },
  );

  it('a request within 2 s after one began is made at the end of these 2 s', () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    story.happen({ type: 'requested', strength: 'ordinary' });
    story.fetch(token('a'));
    story.clock.pass(500);
    story.happen({ type: 'requested', strength: 'ordinary' });
    expect(story.plan().step).toEqual({ kind: 'wait', why: 'gathering', ms: 1_500 });
    story.clock.pass(1_500);
    expect(story.plan().step).toMatchObject({ kind: 'fetch', reason: 'requested' });
  });

  it('requests that a follower hands over are gathered as well, so that it writes to the Secret twice at most', () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    let written = 0;
    for (let sent = 0; sent < 200; sent += 1) {
      story.happen({ type: 'requested', strength: 'preferred' });
      if (story.plan().step.kind === 'fetch') {
        written += 1;
        story.happen({ type: 'handed-over', reason: 'requested' });
      }
      story.clock.pass(1);
    }
    expect(written).toBe(1);
    story.clock.pass(2 * SECOND);
    expect(story.plan().step).toMatchObject({ kind: 'fetch', reason: 'requested' });
  });

  it.each([
    ['ordinary', 'ordinary'],
    ['preferred', 'preferred'],
    ['ordinary', 'preferred'],
  ] as const)(
    'a %s refresh that another daemon began serves a request made here %s if it can',
    (there, here) => {
      const [other, story] = [tell('stable-token'), tell('stable-token')];
      other.fetch(token('a'));
      story.happen({ type: 'observed', record: other.state().record });
      for (const daemon of [other, story]) daemon.clock.pass(HOUR);
      story.happen({ type: 'requested', strength: here });
      other.happen({ type: 'requested', strength: there });
      other.fetch(token(there === 'preferred' ? 'b' : 'a'));
      story.happen({ type: 'observed', record: other.state().record });
      const isServed = there === here;
      expect(story.state().request.manual).toBe(isServed ? undefined : here);
      // What is still owed comes at the end of the two seconds, and by force.
      expect(story.plan().step).toMatchObject(isServed ? { why: 'fresh' } : { why: 'gathering' });
    },
  );
});

describe('minute of readers of an access-token', () => {
  function replaced() {
    const story = tell('access-token');
    story.fetch(token('a'));
    story.clock.pass(HOUR);
    story.happen({ type: 'requested', strength: 'preferred' });
    story.fetch(token('b'));
    story.clock.pass(12 * SECOND);
    return story;
  }
  /** As the store gives it back. */
  const written = (record: AccountRecord) => decodeRecord(encodeRecord(record), record.account);
  const ask = (story: Story, strength: Strength = 'ordinary') => {
    story.happen({ type: 'requested', strength });
    return story.plan().step;
  };

  it('a refresh within a minute after a replacement waits until the minute is over', () => {
    const story = replaced();
    expect(ask(story)).toEqual({ kind: 'wait', why: 'readers', ms: 48 * SECOND });
    story.clock.pass(48 * SECOND);
    expect(story.plan().step).toEqual({ kind: 'fetch', reason: 'requested', forced: false });
  });

  it('the first token of an account replaces nothing, and neither does one that follows a dead one', () => {
    const story = tell('access-token');
    story.fetch(token('a'));
    story.clock.pass(12 * SECOND);
    expect(ask(story)).toMatchObject({ kind: 'fetch', reason: 'requested' });
    const late = tell('access-token');
    late.fetch(token('a'));
    late.clock.pass(3 * HOUR);
    late.fetch(token('b'));
    late.clock.pass(12 * SECOND);
    expect(ask(late)).toMatchObject({ kind: 'fetch', reason: 'requested' });
  });

  it('a forced refresh does not wait, and says that it is early', () => {
    expect(ask(replaced(), 'forced')).toEqual({
      kind: 'fetch',
      reason: 'requested',
      forced: false,
      early: true,
    });
    const later = replaced();
    later.clock.pass(48 * SECOND);
    expect(ask(later, 'forced')).toEqual({ kind: 'fetch', reason: 'requested', forced: false });
  });

  it('a forced refresh of an access-token is made once, whoever else asks', () => {
    const story = replaced();
    ask(story, 'forced');
    story.fetch(token('c'));
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'fresh' });
  });

  it.each([
    ['whose clock is right', 0, 48],
    ['whose clock is set back, which makes it wait a whole one', 30, 60],
  ])('a minute of readers goes on at a daemon that finds the record after a restart, %s', (_, back, left) => {
    const before = replaced();
    const after = tell('access-token', {}, 0.5, before.clock);
    before.clock.set(-back * SECOND);
    after.happen({ type: 'observed', record: written(before.state().record) });
    expect(ask(after)).toEqual({ kind: 'wait', why: 'readers', ms: left * SECOND });
  });

  it('what is due by itself does not wait for the request that waits', () => {
    const story = tell('access-token');
    story.fetch(token('a'));
    story.clock.pass(HOUR);
    story.fetch(token('b'));
    story.clock.pass(SECOND);
    expect(ask(story)).toMatchObject({ why: 'readers' });
    story.happen({ type: 'doubted', by: 'reader' });
    expect(story.plan().step).toMatchObject({ kind: 'fetch', reason: 'refused' });
  });

  it.each(['stable-token', 'wecom', 'jsapi'] as const)('a %s kills no token, so nobody waits', (type) => {
    const story = tell(type, { needsToken: false });
    story.fetch(token('a'));
    story.clock.pass(HOUR);
    story.fetch(token('b'));
    story.clock.pass(3 * SECOND);
    expect(ask(story)).toMatchObject({ kind: 'fetch', reason: 'requested' });
  });
});

describe('refresh of a credential in trouble', () => {
  it('a HUP asks again without force for a stable-token that could not be fetched', () => {
    const story = tell('stable-token');
    story.happen({ type: 'requested', strength: 'preferred' });
    expect(story.plan().step).toEqual({ kind: 'fetch', reason: 'requested', forced: false });
    story.fetch(token('a'));
    story.clock.pass(HOUR);
    story.fail({ class: 'refused', code: 'wx-40164', effect: 'none' });
    story.happen({ type: 'requested', strength: 'preferred' });
    expect(story.plan().step).toEqual({ kind: 'fetch', reason: 'requested', forced: false });
  });

  it('a HUP does not kill a token whose successor could not be published', () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    story.happen({ type: 'unpublished', target: TARGET, failure: PASSING_FAULT });
    story.happen({ type: 'requested', strength: 'preferred' });
    expect(story.plan().step).toMatchObject({ kind: 'fetch', forced: false });
    story.publish();
    expect(story.plan().step).toMatchObject({ kind: 'fetch', forced: true });
  });
});

describe('pauses of the platform', () => {
  it('a pause of an hour holds back neither saving nor publishing', () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    story.clock.pass(HOUR);
    story.happen({ type: 'unstored', failure: PASSING_FAULT });
    story.happen({
      type: 'began',
      record: begin(story.state(), story.policy, false, story.clock.now()),
      saved: false,
    });
    story.happen({ type: 'failed', failure: { ...PASSING_FAULT, class: 'quota', backoff: ONE_HOUR } });
    story.clock.pass(MINUTE / 2);
    story.happen({ type: 'observed', record: undefined });
    expect(story.plan()).toMatchObject({ publish: [TARGET], step: { kind: 'save' } });
    story.happen({ type: 'blocked' });
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'blocked' });
    story.happen({ type: 'freed' });
    story.happen({ type: 'observed', record: story.state().record });
    // The pause outlives a lock that another daemon held.
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'backoff' });
  });

  it.each([0, 0.5, 0.999])(
    'a refresh just before the window never makes the replacement late (%d)',
    (random) => {
      for (let before = 1; before <= 90; before += 1) {
        const story = tell('stable-token', {}, random);
        story.fetch(token('a'));
        // Somebody has asked again and again.
        for (let asked = 0; asked < 12; asked += 1) {
          story.clock.pass(5 * SECOND);
          story.happen({ type: 'requested', strength: 'ordinary' });
          story.fetch(token('a'), 7200 - 5 * (asked + 1));
        }
        story.clock.pass((7200 - 60 - 300 - before) * SECOND);
        story.happen({ type: 'requested', strength: 'ordinary' });
        story.fetch(token('a'), 300 + before);
        for (let turn = 0; turn < 9; turn += 1) {
          const { step } = story.plan();
          if (step.kind === 'wait') story.clock.pass(Math.ceil(step.ms));
        }
        expect(story.plan().step).toMatchObject({ kind: 'fetch', reason: 'due' });
        expect(lifeLeft(story.state().life, story.clock.now()) ?? 0).toBeGreaterThanOrEqual(240 * SECOND);
      }
    },
  );
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
    story.clock.pass(MINUTE);
    story.clock.set(-10 * HOUR);
    story.happen({ type: 'requested', strength: 'ordinary' });
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'budget' });
  });
});
