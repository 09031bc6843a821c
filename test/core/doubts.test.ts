import { describe, expect, it } from 'vitest';
import { apply } from '../../src/core/apply.ts';
import type { Answer } from '../../src/core/credential.ts';
import type { Event } from '../../src/core/event.ts';
import { begin } from '../../src/core/outcome.ts';
import { Secret } from '../../src/core/secret.ts';
import { currentSetback } from '../../src/core/setback.ts';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { PASSING_FAULT, type Story, tell, token } from '../support/story.ts';

const fetching = (story: Story) => {
  const { step } = story.plan();
  return step.kind === 'fetch' ? step : undefined;
};

describe('readers who say that the token is refused', () => {
  it('cost one ordinary fetch, which brings an access-token of a new value', () => {
    const story = tell('access-token');
    story.fetch(token('a'));
    story.clock.pass(HOUR);
    for (let i = 0; i < 10; i += 1) story.happen({ type: 'refused' });
    expect(fetching(story)).toEqual({ kind: 'fetch', reason: 'refused', forced: false });
    story.fetch(token('b'));
    expect(fetching(story)).toBeUndefined();
  });

  it('cost a probe when the stable token comes back the same, and nothing when it works', () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    story.clock.pass(MINUTE);
    story.happen({ type: 'refused' });
    story.fetch(token('a'), 7140);
    story.clock.pass(MINUTE);
    expect(story.plan().step).toEqual({ kind: 'probe' });
    story.happen({ type: 'probed', works: true });
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'fresh' });
  });

  it('never force without permission, even when the platform confirms that the token is dead', () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    story.happen({ type: 'refused' });
    story.fetch(token('a'));
    story.happen({ type: 'probed', works: false });
    story.clock.pass(MINUTE);
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'fresh' });
  });

  it('force with permission, once the platform confirms that the token is dead', () => {
    const story = tell('stable-token', { refusalForces: true });
    story.fetch(token('a'));
    story.happen({ type: 'refused' });
    story.fetch(token('a'));
    story.happen({ type: 'probed', works: false });
    story.clock.pass(MINUTE);
    expect(fetching(story)).toEqual({ kind: 'fetch', reason: 'refused', forced: true });
    story.fetch(token('b'));
    expect(fetching(story)).toBeUndefined();
  });

  it.each(['stable-token', 'access-token'] as const)(
    'for ever cost a %s two fetches, then nothing',
    (type) => {
      const story = tell(type, { refusalForces: true });
      story.fetch(token('0'));
      let fetches = 0;
      for (let passed = 0; passed < 110 * MINUTE; passed += 5 * SECOND) {
        story.happen({ type: 'refused' });
        const { step } = story.plan();
        if (step.kind === 'probe') story.happen({ type: 'probed', works: true });
        if (step.kind === 'fetch') {
          fetches += 1;
          story.fetch(token(type === 'access-token' ? `${fetches}` : '0'));
        }
        story.clock.pass(5 * SECOND);
      }
      expect(fetches).toBe(2);
    },
  );

  it('are believed again after half an hour without a refusal', () => {
    const story = tell('access-token');
    story.fetch(token('0'));
    for (let i = 1; i <= 3; i += 1) {
      story.happen({ type: 'refused' });
      if (fetching(story)) story.fetch(token(`${i}`));
    }
    expect(story.state().record.token?.value.reveal()).toBe(token('2'));
    story.clock.pass(31 * MINUTE);
    story.happen({ type: 'refused' });
    expect(fetching(story)).toMatchObject({ reason: 'refused' });
  });
});

describe('an AppSecret', () => {
  const observe = (story: Story, fingerprint: string) =>
    story.happen({ type: 'observed', record: story.state().record, fingerprint });

  it('that was refused and is replaced by the one that worked before is not blamed any more', () => {
    const story = tell('stable-token');
    observe(story, 'right');
    story.fetch(token('1'));
    observe(story, 'wrong');
    story.fail({ class: 'refused', code: 'wx-40125', effect: 'none' });
    expect(currentSetback(story.state())).toMatchObject({ failure: { code: 'wx-40125' } });
    observe(story, 'right');
    expect(story.state().failure).toBeUndefined();
    expect(currentSetback(story.state())).toBeUndefined();
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'fresh' });
  });

  it('never met costs one ordinary call to prove it', () => {
    const story = tell('stable-token');
    observe(story, 'old');
    story.fetch(token('a'));
    observe(story, 'new');
    expect(fetching(story)).toEqual({ kind: 'fetch', reason: 'new-secret', forced: false });
    story.fetch(token('a'));
    story.clock.pass(MINUTE);
    expect(fetching(story)).toBeUndefined();
    expect(story.state().record.secrets).toEqual(['old', 'new']);
  });

  it('that others have replaced fetches nothing while the token lives, and is tried when it is dead', () => {
    const story = tell('stable-token');
    observe(story, 'old');
    story.fetch(token('a'));
    observe(story, 'new');
    story.fetch(token('a'));
    observe(story, 'old');
    story.clock.pass(7200 * SECOND - 4 * MINUTE);
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'lagging' });
    story.clock.pass(4 * MINUTE);
    expect(fetching(story)).toMatchObject({ reason: 'expired' });
  });

  it('that is refused makes a follower: the token of the others is taken over', () => {
    const story = tell('stable-token');
    const neighbour = tell('stable-token');
    observe(neighbour, 'right');
    neighbour.fetch(token('a'));
    story.happen({ type: 'observed', record: neighbour.state().record, fingerprint: 'wrong' });
    story.fail({ class: 'refused', code: 'wx-40125', errcode: 40125, effect: 'none' });
    expect(story.plan().publish).toHaveLength(1);
    expect(story.state().record.secrets).toEqual(['right']);
  });

  it('that is refused is not tried again because a neighbour fetched, but at once when it is replaced', () => {
    const story = tell('stable-token');
    const neighbour = tell('stable-token');
    observe(neighbour, 'right');
    neighbour.fetch(token('a'));
    story.happen({ type: 'observed', record: neighbour.state().record, fingerprint: 'wrong' });
    story.fail({
      class: 'refused',
      effect: 'none',
      backoff: { first: HOUR, growth: 1, cap: HOUR, jitter: 'added' },
    });
    neighbour.happen({ type: 'observed', record: story.state().record, fingerprint: 'right' });
    neighbour.fetch(token('b'));
    story.happen({ type: 'observed', record: neighbour.state().record, fingerprint: 'wrong' });
    expect(story.state().record.token?.value.reveal()).toBe(token('b'));
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'backoff' });
    story.happen({ type: 'observed', record: neighbour.state().record, fingerprint: 'newer' });
    expect(fetching(story)).toMatchObject({ reason: 'new-secret' });
  });
});

describe('an answer that comes after the lock was lost', () => {
  const answer = (mark: string, platformDate?: number): Answer => ({
    value: new Secret(token(mark)),
    expiresIn: 7200,
    ...(platformDate !== undefined && { platformDate }),
  });

  /** Ours is asked for, the neighbour takes over and fetches, then ours arrives. */
  function race(ours: Answer, theirs?: Answer) {
    const story = tell('access-token');
    story.fail({ ...PASSING_FAULT });
    const neighbour = tell('access-token');
    neighbour.happen({ type: 'observed', record: story.state().record });
    const startedAt = story.clock.now();
    story.happen({ type: 'orphaned', answer: ours, startedAt });
    expect(story.plan().publish).toEqual([]);
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'backoff' });
    story.clock.pass(MINUTE);
    expect(story.plan().step).toEqual({ kind: 'settle' });
    if (theirs) {
      const context = { policy: neighbour.policy, now: neighbour.clock.now(), random: 0.5 };
      const event: Event = { type: 'fetched', answer: theirs, startedAt };
      story.happen({ type: 'observed', record: apply(neighbour.state(), event, context).record });
    } else {
      story.happen({ type: 'observed', record: story.state().record });
    }
    story.happen({ type: 'settled' });
    return { story, value: story.state().record.token?.value.reveal() };
  }

  it('is the newest when nobody else fetched meanwhile', () => {
    expect(race(answer('ours')).value).toBe(token('ours'));
  });

  it('is dropped when the platform issued the other one later', () => {
    expect(race(answer('ours', 1_000), answer('theirs', 9_000)).value).toBe(token('theirs'));
  });

  it('replaces the other one when the platform issued it later', () => {
    expect(race(answer('ours', 9_000), answer('theirs', 1_000)).value).toBe(token('ours'));
  });

  it('is settled by one more fetch when the platform’s time cannot tell', () => {
    const { story } = race(answer('ours', 9_000), answer('theirs', 9_000));
    expect(fetching(story)).toMatchObject({ reason: 'unfinished' });
  });
});

describe('a pod that shares nothing', () => {
  it('asks again every five minutes, to learn of a rotation forced elsewhere', () => {
    const story = tell('stable-token', { recheck: 5 * MINUTE });
    story.fetch(token('a'));
    story.clock.pass(5 * MINUTE - SECOND);
    expect(fetching(story)).toBeUndefined();
    story.clock.pass(SECOND);
    expect(fetching(story)).toEqual({ kind: 'fetch', reason: 'recheck', forced: false });
  });
});

describe('the budget', () => {
  const spendAll = (story: Story, calls: number) => {
    for (let i = 0; i < calls; i += 1) story.fetch(token(`${i}`));
  };

  it('keeps forced refreshes 30 s apart although the platform tells its time in whole seconds only', () => {
    const story = tell('stable-token');
    const fetchAt = (mark: string) => {
      const startedAt = story.clock.now();
      const platformDate = Math.floor(startedAt.wall / SECOND) * SECOND;
      const { step } = story.plan();
      const forced = step.kind === 'fetch' && step.forced;
      story.happen({
        type: 'began',
        record: begin(story.state(), story.policy, forced, startedAt),
        saved: true,
      });
      const answer = { value: new Secret(token(mark)), expiresIn: 7200, platformDate };
      story.happen({ type: 'fetched', answer, startedAt });
      return forced;
    };
    fetchAt('a');
    story.clock.pass(999);
    story.happen({ type: 'requested', strength: 'preferred' });
    expect(fetchAt('b')).toBe(true);
    story.clock.pass(140);
    story.happen({ type: 'requested', strength: 'preferred' });
    expect(fetchAt('c')).toBe(false);
  });

  it('is not given back by a clock that jumps forward while the daemon runs', () => {
    const story = tell('access-token', { budget: { fetchesPerDay: 4, forcedPerDay: 20 } });
    const at = story.clock.now();
    story.happen({
      type: 'fetched',
      answer: { value: new Secret(token('x')), expiresIn: 7200, platformDate: at.wall },
      startedAt: at,
    });
    spendAll(story, 4);
    story.clock.set(48 * HOUR);
    story.clock.pass(2 * MINUTE);
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'budget' });
  });

  it('after a restart behind a jump forward is frugal until the platform has told the time', () => {
    const before = tell('access-token', { budget: { fetchesPerDay: 40, forcedPerDay: 20 } });
    spendAll(before, 39);
    const story = tell('access-token', { budget: { fetchesPerDay: 40, forcedPerDay: 20 } });
    story.clock.set(48 * HOUR);
    story.happen({ type: 'observed', record: before.state().record });
    let calls = 0;
    for (let passed = 0; passed < HOUR; passed += 5 * SECOND) {
      if (fetching(story)) {
        story.fail();
        calls += 1;
      }
      story.clock.pass(5 * SECOND);
    }
    expect(calls).toBeLessThanOrEqual(12);
  });

  it('is not used up for good by calls that a forger dated into the far future', () => {
    const story = tell('stable-token', { budget: { fetchesPerDay: 200, forcedPerDay: 20 } });
    const { record } = story.state();
    const ledger = { ...record.ledger, fetches: { 999999999: 200 } };
    story.happen({ type: 'observed', record: { ...record, generation: 1, ledger } });
    expect(fetching(story)).toMatchObject({ reason: 'missing' });
  });

  it('stands still behind a clock that boots in the past', () => {
    const before = tell('access-token', { budget: { fetchesPerDay: 4, forcedPerDay: 20 } });
    spendAll(before, 4);
    const story = tell('access-token', { budget: { fetchesPerDay: 4, forcedPerDay: 20 } });
    story.clock.set(-365 * 24 * HOUR);
    story.happen({ type: 'observed', record: before.state().record });
    story.happen({ type: 'requested', strength: 'ordinary' });
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'budget' });
  });
});
