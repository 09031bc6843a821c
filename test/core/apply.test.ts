import { describe, expect, it } from 'vitest';
import { apply } from '../../src/core/apply.ts';
import type { Event } from '../../src/core/events/event.ts';
import { restOf } from '../../src/core/plan.ts';
import { servedLife } from '../../src/core/readiness.ts';
import { untilLock } from '../../src/core/state/attempts.ts';
import { isPublished, obstacle, type State } from '../../src/core/state/index.ts';
import { targetOf } from '../../src/core/state/targets.ts';
import { after, HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { lifeOf } from '../../src/core/token-age.ts';
import { graceOf } from '../../src/core/unchanged-token.ts';
import { type Changes, changed } from '../support/state.ts';
import { PASSING_FAULT, type Story, TARGET, tell, token } from '../support/story.ts';

const SLOW_FAULT = {
  ...PASSING_FAULT,
  backoff: { first: SECOND, growth: 2, cap: HOUR, jitter: 'added' },
} as const;

/** The state after an event, without the luck of a draw. */
const applied = ({ policy, clock }: Story, state: State, event: Event): State =>
  apply(state, event, { policy, now: clock.now(), random: 0 });

function published(): Story {
  const story = tell('stable-token');
  story.fetch(token('a'));
  story.publish();
  return story;
}

describe('state of a credential', () => {
  it.each(['budget', 'lagging'] as const)(
    'a refresh withdrawn because of "%s" is remembered as declined',
    (why) => {
      const story = published();
      const asked = changed(story.state(), { request: { manual: 'forced', awaited: 3 } });
      const next = applied(story, asked, { type: 'withdrawn', why });
      expect(next.request.declinedBecause).toBe(why);
      expect(next.request).not.toHaveProperty('manual');
      expect(next.request).not.toHaveProperty('awaited');
    },
  );

  it('a refresh that came too late is dropped and not remembered as declined', () => {
    const story = published();
    const asked = changed(story.state(), { request: { manual: 'forced' } });
    const next = applied(story, asked, { type: 'withdrawn', why: 'late' });
    expect(next.request).not.toHaveProperty('declinedBecause');
    expect(next.request).not.toHaveProperty('manual');
  });

  it('a refresh that was not forced remembers the reason', () => {
    const story = published();
    const { record } = story.state();
    const event = { type: 'began', record, saved: true } as const;
    expect(applied(story, story.state(), { ...event, downgraded: 'spacing' }).request).toMatchObject({
      declinedBecause: 'spacing',
    });
    expect(applied(story, story.state(), event).request).not.toHaveProperty('declinedBecause');
  });

  it('new targets are due at once whatever the old targets held', () => {
    const story = published();
    const next = applied(story, story.state(), { type: 'retargeted', targets: ['a', 'b'] });
    expect(next.targets).toEqual([
      { id: 'a', dueAt: 0, failures: 0 },
      { id: 'b', dueAt: 0, failures: 0 },
    ]);
  });

  it('a failing target is retried at growing intervals and keeps what it holds', () => {
    const story = published();
    const failure = SLOW_FAULT;
    let state = story.state();
    for (const wait of [1, 2, 4, 8]) {
      state = applied(story, state, { type: 'unpublished', target: TARGET, failure });
      expect(targetOf(state.targets, TARGET)).toMatchObject({
        generation: story.state().record.token?.generation,
        dueAt: story.clock.now().monotonic + wait * SECOND,
        failure,
      });
    }
    const other = applied(story, state, { type: 'unpublished', target: 'new', failure });
    expect(targetOf(other.targets, 'new')).toMatchObject({ failures: 1 });
  });

  it('a published target is checked again after a minute, an outdated one at once', () => {
    const story = published();
    const { monotonic } = story.clock.now();
    const { generation = 0 } = story.state().record.token ?? {};
    const event = { type: 'published', target: TARGET, generation } as const;
    const [target] = applied(story, story.state(), event).targets;
    expect(target?.dueAt).toBe(monotonic + MINUTE);
    const older = applied(story, story.state(), { ...event, generation: generation - 1 });
    expect(older.targets).toEqual([{ id: TARGET, generation: generation - 1, dueAt: 0, failures: 0 }]);
  });

  it('a failing store is retried at growing intervals of at most half a minute', () => {
    const story = published();
    let state = story.state();
    for (const wait of [1, 2, 4, 8, 16, 30, 30]) {
      state = applied(story, state, { type: 'unstored', failure: SLOW_FAULT });
      expect((state.store.trouble?.retryAt ?? 0) - story.clock.now().monotonic).toBe(wait * SECOND);
    }
    expect(state.store.trouble).toMatchObject({ failures: 7, failure: SLOW_FAULT });
  });

  it('a lock that another daemon holds is tried again within five seconds', () => {
    const story = published();
    let state = story.state();
    const waits: number[] = [];
    for (let times = 0; times < 6; times += 1) {
      state = apply(state, { type: 'blocked' }, { policy: story.policy, now: story.clock.now(), random: 1 });
      waits.push(untilLock(state.attempts, story.clock.now()));
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 5_000, 5_000]);
    expect(state.attempts).toMatchObject({ blocked: 6 });
    expect(untilLock(applied(story, state, { type: 'freed' }).attempts, story.clock.now())).toBe(0);
    const hold = { why: 'backoff', until: 9 } as const;
    const backoff = changed(state, { attempts: { hold } });
    expect(applied(story, backoff, { type: 'freed' }).attempts).toMatchObject({ blocked: 0, hold });
  });

  it('a finished save counts only for the current record', () => {
    const story = published();
    const unsaved = changed(story.state(), { store: { saved: false } });
    const { generation } = unsaved.record;
    expect(applied(story, unsaved, { type: 'saved', generation }).store.saved).toBe(true);
    expect(applied(story, unsaved, { type: 'saved', generation: generation - 1 }).store.saved).toBe(false);
    const known = applied(story, story.state(), { type: 'saved', generation: generation - 1 });
    expect(known.store.saved).toBe(true);
  });

  it('a record that changed after the read began is read again', () => {
    const story = published();
    const { record } = story.state();
    const state = changed(story.state(), { store: { invalidatedAt: 500 } });
    const lookedAt = (asOf?: number) =>
      applied(story, state, { type: 'observed', record, ...(asOf !== undefined && { asOf }) }).store.lookedAt;
    expect(lookedAt(500)).toBe(Number.NEGATIVE_INFINITY);
    expect(lookedAt(499)).toBe(Number.NEGATIVE_INFINITY);
    expect(lookedAt(501)).toBe(story.clock.now().monotonic);
    expect(lookedAt()).toBe(story.clock.now().monotonic);
  });

  it('a probe changes nothing for a token that nobody refused', () => {
    const story = published();
    expect(applied(story, story.state(), { type: 'probed', works: false })).toBe(story.state());
  });
});

describe('publication state', () => {
  it('a credential counts as published when every target holds the newest live token', () => {
    const story = published();
    const now = story.clock.now();
    const state = story.state();
    expect(isPublished(state, now)).toBe(true);
    const [held] = state.targets;
    if (!held) throw new TypeError('there is one');
    expect(isPublished({ ...state, targets: [held, { id: 'b', dueAt: 0, failures: 0 }] }, now)).toBe(false);
    expect(isPublished({ ...state, targets: [{ ...held, generation: 0 }] }, now)).toBe(false);
    story.clock.pass(2 * HOUR);
    expect(isPublished(story.state(), story.clock.now())).toBe(false);
    expect(isPublished(tell('stable-token').state(), now)).toBe(false);
    const { end: _no, ...endless } = state.life;
    expect(isPublished({ ...state, life: endless, targets: [] }, now)).toBe(false);
  });

  it('the obstacle is the failure of a target, else of the platform, else of the store', () => {
    const story = published();
    const now = story.clock.now();
    const named = (message: string) => ({ ...PASSING_FAULT, message });
    const [platform, store, disk] = [named('platform'), named('store'), named('disk')];
    const trouble = { failures: 1, failure: store, retryAt: 0 };
    const state = changed(story.state(), { store: { trouble } });
    const failed = changed(state, { attempts: { failure: platform } });
    expect(obstacle(story.state(), now)).toBeUndefined();
    expect(obstacle(state, now)).toBe(store);
    expect(obstacle(failed, now)).toBe(platform);
    const targets = [
      { id: 'a', dueAt: 0, failures: 0 },
      { id: 'b', dueAt: 0, failures: 1, failure: disk },
    ];
    expect(obstacle({ ...failed, targets }, now)).toBe(disk);
    // Of a token that is dead no target has anything to say.
    story.clock.pass(2 * HOUR);
    expect(obstacle({ ...failed, targets }, story.clock.now())).toBe(platform);
  });

  it('readers of several targets have the life of the worst target', () => {
    const story = published();
    const now = story.clock.now();
    const { generation = 0 } = story.state().record.token ?? {};
    const held = { id: 'held', generation, dueAt: 0, failures: 0 };
    const older = { ...held, id: 'older', generation: generation - 1, end: after(now, MINUTE) };
    const unknown = { id: 'unknown', dueAt: 0, failures: 0 };
    const lifeWith = (targets: State['targets']) =>
      servedLife({ ...story.state(), targets }, story.policy, now);
    expect(lifeWith([held, older])).toBe(MINUTE);
    expect(lifeWith([older, held])).toBe(MINUTE);
    expect(lifeWith([held, { ...held, id: 'other' }])).toBe(2 * HOUR);
    expect(lifeWith([held, unknown])).toBeUndefined();
    expect(lifeWith([unknown, held])).toBeUndefined();
    expect(lifeWith([])).toBe(2 * HOUR);
  });
});

describe('age of a found token', () => {
  /** A token of two hours that appeared `seen` ms ago at most, by clocks that stand wrong by `set`. */
  function ageOf({ passed = MINUTE, set = 0, generations = 2, ours = 0, watched = true }) {
    const writer = tell('stable-token');
    writer.fetch(token('b'));
    const { record } = writer.state();
    const written = record.token;
    if (!written) throw new TypeError('it was fetched');
    const story = tell('stable-token');
    const state = changed(story.state(), {
      record: { generation: ours },
      ...(watched && { store: { seenAt: story.clock.now() } }),
    });
    story.clock.pass(passed);
    story.clock.set(set);
    const generation = ours + generations;
    const { bootTime: _other, platformDate: _none, ...timeless } = written;
    // Nobody can tell by its own times: it seems to come from the future.
    const found = { ...timeless, generation, issuedAt: story.clock.now().wall + HOUR };
    const whole = { ...record, generation, token: found };
    return { life: lifeOf(found, state, whole, story.policy, story.clock.now()), story };
  }

  it('a token that appeared while watched is at most a minute older than the watch', () => {
    expect(ageOf({}).life).toBe(2 * HOUR - 2 * MINUTE);
    expect(ageOf({ passed: 10 * MINUTE }).life).toBe(2 * HOUR - 11 * MINUTE);
    expect(ageOf({ ours: 7 }).life).toBe(2 * HOUR - 2 * MINUTE);
  });

  it.each([
    ['the clock was set forward by two seconds', { set: 2 * SECOND }],
    ['the clock was set back by two seconds', { set: -2 * SECOND }],
    ['more than one fetch was written', { generations: 3 }],
    ['nobody watched the store', { watched: false }],
  ])('a found token counts as due and alive when %s', (_, conditions) => {
    const { life, story } = ageOf(conditions);
    expect(life).toBe(story.policy.window);
  });

  it('a clock correction below two seconds does not hide the age of a token', () => {
    expect(ageOf({ set: 2 * SECOND - 1 }).life).toBe(2 * HOUR - 2 * MINUTE);
  });
});

describe('grace of an unchanged token', () => {
  it.each([
    [7200, MINUTE],
    [240, MINUTE],
    [200, 50 * SECOND],
    [8, 2 * SECOND],
  ])('a token of %i s that comes back the same has a grace of %i ms', (expiresIn, expected) => {
    expect(graceOf({ expiresIn })).toBe(expected);
  });
});

describe('rest of a credential', () => {
  it.each([
    ['a target is due', { publish: [TARGET], step: { kind: 'wait', ms: HOUR, why: 'fresh' } }],
    ['there is something to do', { publish: [], step: { kind: 'look' } }],
    ['the next step is 35 s away', { publish: [], step: { kind: 'wait', ms: 35 * SECOND, why: 'fresh' } }],
  ] as const)('a credential does not rest when %s', (_, plan) => {
    const story = published();
    expect(restOf(plan, story.state(), undefined, story.clock.now())).toBeUndefined();
  });

  it.each<[string, Changes]>([
    ['the store is in trouble', { store: { trouble: { failures: 1, failure: PASSING_FAULT, retryAt: 0 } } }],
    ['readers have refused the token', { doubts: { spent: 1, lastAt: 0, suspicion: 'ask', by: 'reader' } }],
    ['somebody asked for a refresh', { request: { manual: 'ordinary' } }],
    ['the record is not saved', { store: { saved: false } }],
  ])('a credential does not rest when %s', (_, changes) => {
    const story = published();
    const idle = { publish: [], step: { kind: 'wait', ms: HOUR, why: 'fresh' } } as const;
    const restWith = (state: State) => restOf(idle, state, undefined, story.clock.now());
    expect(restWith(story.state())).toBeDefined();
    expect(restWith(changed(story.state(), changes))).toBeUndefined();
  });
});
