import { describe, expect, it } from 'vitest';
import { apply } from '../../src/core/apply.ts';
import type { Answer } from '../../src/core/credential.ts';
import type { Event } from '../../src/core/events/event.ts';
import { currentFailure } from '../../src/core/last-failure.ts';
import { begin } from '../../src/core/outcome.ts';
import { Secret } from '../../src/core/secret.ts';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { PASSING_FAULT, type Story, tell, token } from '../support/story.ts';

const fetching = (story: Story) => {
  const { step } = story.plan();
  return step.kind === 'fetch' ? step : undefined;
};

describe('refusals reported by readers', () => {
  it('ten reported refusals of an access-token cost one ordinary fetch', () => {
    const story = tell('access-token');
    story.fetch(token('a'));
    story.clock.pass(HOUR);
    for (let i = 0; i < 10; i += 1) story.happen({ type: 'doubted', by: 'reader' });
    expect(fetching(story)).toEqual({ kind: 'fetch', reason: 'refused', forced: false });
    story.fetch(token('b'));
    expect(fetching(story)).toBeUndefined();
  });

  it('a refused stable-token that comes back the same is probed and kept if it works', () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    story.clock.pass(MINUTE);
    story.happen({ type: 'doubted', by: 'reader' });
    story.fetch(token('a'), 7140);
    story.clock.pass(MINUTE);
    expect(story.plan().step).toEqual({ kind: 'probe' });
    story.happen({ type: 'probed', works: true });
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'fresh' });
  });

  it('a refused stable-token is never force-refreshed without permission, even when confirmed dead', () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    story.happen({ type: 'doubted', by: 'reader' });
    story.fetch(token('a'));
    story.happen({ type: 'probed', works: false });
    story.clock.pass(MINUTE);
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'fresh' });
  });

  it('a refused stable-token is force-refreshed with permission once it is confirmed dead', () => {
    const story = tell('stable-token', { refusalForces: true });
    story.fetch(token('a'));
    story.happen({ type: 'doubted', by: 'reader' });
    story.fetch(token('a'));
    story.happen({ type: 'probed', works: false });
    story.clock.pass(MINUTE);
    expect(fetching(story)).toEqual({ kind: 'fetch', reason: 'refused', forced: true });
    story.fetch(token('b'));
    expect(fetching(story)).toBeUndefined();
  });

  it.each(['stable-token', 'access-token'] as const)(
    'endless refusals of the %s cost two fetches, then nothing',
    (type) => {
      const story = tell(type, { refusalForces: true });
      story.fetch(token('0'));
      let fetches = 0;
      for (let passed = 0; passed < 110 * MINUTE; passed += 5 * SECOND) {
        story.happen({ type: 'doubted', by: 'reader' });
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

  it('a reported refusal is believed again after half an hour without refusals', () => {
    const story = tell('access-token');
    story.fetch(token('0'));
    for (let i = 1; i <= 3; i += 1) {
      story.happen({ type: 'doubted', by: 'reader' });
      if (fetching(story)) story.fetch(token(`${i}`));
    }
    expect(story.plan().step).toEqual({ kind: 'probe' });
    story.happen({ type: 'probed', works: true });
    expect(story.state().record.token?.value.reveal()).toBe(token('2'));
    story.clock.pass(31 * MINUTE);
    story.happen({ type: 'doubted', by: 'reader' });
    expect(fetching(story)).toMatchObject({ reason: 'refused' });
  });
});

describe('changes of the AppSecret', () => {
  const observe = (story: Story, fingerprint: string) =>
    story.happen({ type: 'observed', record: story.state().record, fingerprint });

  it('a refusal is forgotten when the AppSecret that worked before comes back', () => {
    const story = tell('stable-token');
    observe(story, 'right');
    story.fetch(token('1'));
    observe(story, 'wrong');
    story.fail({ class: 'refused', code: 'wx-40125', effect: 'none' });
    expect(currentFailure(story.state())).toMatchObject({ failure: { code: 'wx-40125' } });
    observe(story, 'right');
    expect(story.state().attempts.failure).toBeUndefined();
    expect(currentFailure(story.state())).toBeUndefined();
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'fresh' });
  });

  it('an AppSecret that appears is tried at once, whatever pause the tries without one have brought', () => {
    const story = tell('access-token');
    const backoff = { first: MINUTE, growth: 1, cap: MINUTE, jitter: 'added' } as const;
    story.fail({ code: 'secret-awaited', effect: 'unsent', blamesSecret: true, backoff });
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'backoff' });
    observe(story, 'there');
    expect(fetching(story)).toMatchObject({ reason: 'missing' });
  });

  it('a new AppSecret costs one ordinary call to prove it', () => {
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

  it('an outdated AppSecret fetches nothing before the token is dead', () => {
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

  it('a daemon with a refused AppSecret publishes the token of the others', () => {
    const story = tell('stable-token');
    const neighbour = tell('stable-token');
    observe(neighbour, 'right');
    neighbour.fetch(token('a'));
    story.happen({ type: 'observed', record: neighbour.state().record, fingerprint: 'wrong' });
    story.fail({ class: 'refused', code: 'wx-40125', errcode: 40125, effect: 'none' });
    expect(story.plan().publish).toHaveLength(1);
    expect(story.state().record.secrets).toEqual(['right']);
  });

  it('a refused AppSecret is retried when it is replaced, not when a neighbour fetches', () => {
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

describe('answers after a lost lock', () => {
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
    story.happen({ type: 'answered-late', answer: ours, startedAt });
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

  it('a late answer is used when nobody else fetched meanwhile', () => {
    expect(race(answer('ours')).value).toBe(token('ours'));
  });

  it('a late answer is dropped when the platform issued the other token later', () => {
    expect(race(answer('ours', 1_000), answer('theirs', 9_000)).value).toBe(token('theirs'));
  });

  it('a late answer wins when the platform issued its token later', () => {
    expect(race(answer('ours', 9_000), answer('theirs', 1_000)).value).toBe(token('ours'));
  });

  it('a late answer with the same platform time is settled by one more fetch', () => {
    const { story } = race(answer('ours', 9_000), answer('theirs', 9_000));
    expect(fetching(story)).toMatchObject({ reason: 'unfinished' });
  });
});

describe('pod without shared state', () => {
  it('a pod without shared state asks the platform again after five minutes', () => {
    const story = tell('stable-token', { recheck: 5 * MINUTE });
    story.fetch(token('a'));
    story.clock.pass(5 * MINUTE - SECOND);
    expect(fetching(story)).toBeUndefined();
    story.clock.pass(SECOND);
    expect(fetching(story)).toEqual({ kind: 'fetch', reason: 'recheck', forced: false });
  });
});

describe('call budget', () => {
  const spendAll = (story: Story, calls: number) => {
    for (let i = 0; i < calls; i += 1) story.fetch(token(`${i}`));
  };

  it('forced refreshes stay 30 s apart although platform time has whole seconds only', () => {
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

  it('the budget is not reset by a clock that jumps forward while the daemon runs', () => {
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

  it('the budget is spent frugally after a restart behind a clock jump', () => {
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

  it('the budget is not used up by forged calls dated into the far future', () => {
    const story = tell('stable-token', { budget: { fetchesPerDay: 200, forcedPerDay: 20 } });
    const { record } = story.state();
    const ledger = { ...record.ledger, fetches: [{ hour: 999999999, calls: 200 }] };
    story.happen({ type: 'observed', record: { ...record, generation: 1, ledger } });
    expect(fetching(story)).toMatchObject({ reason: 'missing' });
  });

  it('the budget stays used up after a boot with a clock in the past', () => {
    const before = tell('access-token', { budget: { fetchesPerDay: 4, forcedPerDay: 20 } });
    spendAll(before, 4);
    const story = tell('access-token', { budget: { fetchesPerDay: 4, forcedPerDay: 20 } });
    story.clock.set(-365 * 24 * HOUR);
    story.happen({ type: 'observed', record: before.state().record });
    story.happen({ type: 'requested', strength: 'ordinary' });
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'budget' });
  });
});
