import { describe, expect, it } from 'vitest';
import { judge } from '../../src/coordination/folder/refresh-desk.ts';
import { Secret } from '../../src/core/secret.ts';
import { lifeLeft } from '../../src/core/state/life.ts';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { PASSING_FAULT, type Story, TARGET, tell, token } from '../support/story.ts';

/** One that fetches and one that follows it, of one account; the second knows what the first has stored. */
function couple(type: Parameters<typeof tell>[0] = 'stable-token') {
  const leader = tell(type);
  const follower = tell(type, {}, 0.5, leader.clock);
  const catchUp = () => follower.happen({ type: 'observed', record: leader.state().record });
  leader.fetch(token('a'));
  catchUp();
  follower.publish();
  return { leader, follower, catchUp };
}

function outcomeOf({ state, plan, clock }: Story) {
  return judge({ state: state(), step: plan().step }, false, clock.now());
}

describe('refresh handed over to the leader', () => {
  it('a handed-over refresh is not made by the follower and ends with a newer token', () => {
    const { leader, follower, catchUp } = couple();
    follower.happen({ type: 'requested', strength: 'preferred' });
    expect(follower.plan().step).toMatchObject({ kind: 'fetch', reason: 'requested' });
    follower.happen({ type: 'handed-over', reason: 'requested' });
    expect(follower.plan().step).toMatchObject({ kind: 'wait', why: 'fresh' });
    expect(outcomeOf(follower)).toBeUndefined();
    leader.fetch(token('b'));
    catchUp();
    follower.publish();
    expect(outcomeOf(follower)).toMatchObject({ result: 'published', message: /^a new token/ });
  });

  it('a handed-over refresh ends with the same token if the platform has no other', () => {
    const { leader, follower, catchUp } = couple();
    follower.happen({ type: 'requested', strength: 'ordinary' });
    follower.happen({ type: 'handed-over', reason: 'requested' });
    leader.clock.pass(SECOND);
    leader.fetch(token('a'), 7199);
    catchUp();
    expect(outcomeOf(follower)).toMatchObject({ result: 'published', message: /same token/ });
  });

  it('a handed-over refresh ends with the failure of the leader, forgotten at the next token', () => {
    const { leader, follower, catchUp } = couple();
    follower.happen({ type: 'requested', strength: 'ordinary' });
    follower.happen({ type: 'handed-over', reason: 'requested' });
    leader.fail({ class: 'refused', message: 'the secret is wrong', effect: 'none' });
    catchUp();
    expect(outcomeOf(follower)).toMatchObject({ result: 'refused', message: 'the secret is wrong' });
    leader.fetch(token('b'));
    catchUp();
    expect(follower.state().attempts.failure).toBeUndefined();
  });

  it('a follower hands over a refused token once and then waits', () => {
    const { follower } = couple();
    follower.happen({ type: 'doubted', by: 'reader' });
    expect(follower.plan().step).toMatchObject({ kind: 'fetch', reason: 'refused' });
    follower.happen({ type: 'handed-over', reason: 'refused' });
    expect(follower.plan().step).toMatchObject({ kind: 'wait', why: 'fresh' });
  });
});

describe('refresh requests of other daemons', () => {
  const afar = (strength: 'ordinary' | 'preferred' | 'forced', generation: number) =>
    ({ type: 'requested', strength, generation }) as const;
  const generationOf = (story: Story) => story.state().record.token?.generation ?? 0;

  it.each(['ordinary', 'preferred'] as const)(
    'a remote %s refresh is satisfied by a newer token than its sender knew',
    (strength) => {
      const { leader } = couple();
      const before = generationOf(leader);
      leader.fetch(token('b'));
      leader.happen(afar(strength, before));
      expect(leader.plan().step).toMatchObject({ kind: 'wait' });
      leader.happen(afar(strength, generationOf(leader)));
      expect(leader.plan().step).toMatchObject({ kind: 'fetch', reason: 'requested' });
    },
  );

  it('a remote forced refresh replaces even a newer token than its sender knew', () => {
    const { leader } = couple();
    const before = generationOf(leader);
    leader.fetch(token('b'));
    leader.happen(afar('forced', before));
    expect(leader.plan().step).toMatchObject({ kind: 'fetch', forced: true });
  });

  it('a remote refresh is satisfied by a fetch that is under way', () => {
    const { leader } = couple('access-token');
    const { record } = leader.state();
    const intent = { at: leader.clock.now().wall, forced: false };
    leader.happen({ type: 'began', record: { ...record, generation: 9, intent }, saved: true });
    leader.happen(afar('ordinary', generationOf(leader)));
    expect(leader.state().request.manual).toBeUndefined();
  });
});

describe('a request that cannot be handed over', () => {
  it('a follower whose store does not work asks again after ever longer pauses, and then at once', () => {
    const { follower } = couple();
    const { clock } = follower;
    const waits: number[] = [];
    follower.happen({ type: 'requested', strength: 'preferred' });
    for (let times = 0; times < 8; times += 1) {
      expect(follower.plan().step).toMatchObject({ kind: 'fetch', reason: 'requested' });
      follower.happen({ type: 'unstored', failure: PASSING_FAULT });
      follower.happen({ type: 'blocked', untold: true });
      const { step } = follower.plan();
      if (step.kind !== 'wait') throw new TypeError(`it does not wait: ${step.kind}`);
      waits.push(step.ms);
      clock.pass(step.ms - 1);
      expect(follower.plan().step).toMatchObject({ kind: 'wait', why: 'blocked' });
      clock.pass(1);
      // It looks now and then; a look is no request.
      follower.happen({ type: 'observed', record: follower.state().record });
    }
    expect(waits.every((wait, index) => index === 0 || wait >= (waits[index - 1] ?? 0))).toBe(true);
    expect(waits.at(-1)).toBeGreaterThanOrEqual(15 * SECOND);
    expect(Math.max(...waits)).toBeLessThanOrEqual(30 * SECOND);
    follower.happen({ type: 'handed-over', reason: 'requested' });
    expect(follower.state().store.trouble).toBeUndefined();
  });
});

describe('waiting for the lock', () => {
  it('a blocked daemon fetches at once when the lock is free', () => {
    const story = tell('access-token');
    story.plan();
    for (let time = 0; time < 5; time += 1) story.happen({ type: 'blocked' });
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'blocked' });
    story.happen({ type: 'freed' });
    expect(story.plan().step).toMatchObject({ kind: 'fetch', reason: 'missing' });
  });

  it('a daemon in backoff keeps waiting when the lock becomes free', () => {
    const story = tell('stable-token');
    for (let time = 0; time < 5; time += 1) story.fail({ effect: 'none' });
    story.happen({ type: 'freed' });
    expect(story.plan().step).toMatchObject({ kind: 'wait', why: 'backoff' });
  });
});

describe('store changes during a read', () => {
  it('a record that changed while the store was being read is read again', () => {
    const { leader, follower } = couple();
    const { monotonic: asOf } = follower.clock.now();
    const { record } = leader.state();
    follower.clock.pass(5);
    follower.happen({ type: 'invalidated' });
    follower.clock.pass(5);
    follower.happen({ type: 'observed', record, asOf });
    expect(follower.state().store.lookedAt).toBe(Number.NEGATIVE_INFINITY);
    follower.happen({ type: 'observed', record, asOf: follower.clock.now().monotonic });
    expect(follower.state().store.lookedAt).toBe(follower.clock.now().monotonic);
  });
});

describe('lost answers after a lost lock', () => {
  const failure = { ...PASSING_FAULT, effect: 'unknown' } as const;

  it('a lost answer that may have killed a newer access-token leads to another fetch', () => {
    const { leader, follower } = couple('access-token');
    const startedAt = leader.clock.now();
    leader.happen({ type: 'failed-late', failure, startedAt });
    expect(leader.plan()).toMatchObject({ publish: [], step: { kind: 'settle' } });
    follower.fetch(token('b'));
    leader.happen({ type: 'observed', record: follower.state().record });
    leader.happen({ type: 'settled' });
    expect(leader.state()).toMatchObject({ store: { saved: false }, record: { intent: { forced: false } } });
    follower.happen({ type: 'observed', record: leader.state().record });
    expect(follower.plan().step).toMatchObject({ kind: 'fetch', reason: 'unfinished' });
  });

  it('a lost answer is an ordinary failure when nobody has fetched since', () => {
    const { leader } = couple('access-token');
    leader.happen({ type: 'failed-late', failure, startedAt: leader.clock.now() });
    leader.happen({ type: 'settled' });
    expect(leader.state()).toMatchObject({ attempts: { failures: 1, failure: { code: 'timeout' } } });
    expect(leader.state().late).toBeUndefined();
  });

  it('a lost answer does no harm to a stable-token', () => {
    const { leader, follower } = couple();
    leader.happen({ type: 'failed-late', failure, startedAt: leader.clock.now() });
    follower.fetch(token('b'));
    leader.happen({ type: 'observed', record: follower.state().record });
    leader.happen({ type: 'settled' });
    expect(leader.state().record.intent).toBeUndefined();
    expect(leader.plan().step).toMatchObject({ kind: 'wait', why: 'fresh' });
  });
});

describe('mirrored credential', () => {
  it('a mirrored token is published and never fetched, whatever its age and requests', () => {
    const source = tell('stable-token');
    source.fetch(token('a'));
    const mirror = tell('stable-token', { follows: true }, 0.5, source.clock);
    expect(mirror.plan().step).toMatchObject({ kind: 'wait', why: 'source' });
    mirror.happen({ type: 'observed', record: source.state().record });
    expect(mirror.plan()).toMatchObject({ publish: [TARGET], step: { kind: 'wait', why: 'source' } });
    mirror.happen({ type: 'requested', strength: 'forced' });
    mirror.clock.pass(130 * MINUTE);
    expect(mirror.plan()).toMatchObject({ publish: [], step: { kind: 'wait', why: 'source' } });
    expect(outcomeOf(mirror)).toMatchObject({ result: 'failed', message: /only mirrors/ });
  });

  it('a mirror shows the failure of its source for as long as it lasts', () => {
    const source = tell('stable-token');
    source.fetch(token('a'));
    source.fail({ class: 'passing', message: 'no answer from the platform' });
    const mirror = tell('stable-token', { follows: true }, 0.5, source.clock);
    mirror.happen({ type: 'unstored', failure: PASSING_FAULT });
    mirror.happen({ type: 'observed', record: source.state().record });
    expect(mirror.state()).toMatchObject({
      attempts: { failure: { message: 'no answer from the platform' } },
    });
    expect(mirror.state().store.trouble).toBeUndefined();
    source.fetch(token('b'));
    mirror.happen({ type: 'observed', record: source.state().record });
    expect(mirror.state().attempts.failure).toBeUndefined();
  });

  it('a mirror keeps its token when its source is gone and writes nothing back', () => {
    const source = tell('stable-token');
    source.fetch(token('a'));
    const mirror = tell('stable-token', { follows: true }, 0.5, source.clock);
    mirror.happen({ type: 'observed', record: source.state().record });
    mirror.happen({ type: 'observed', record: undefined });
    expect(mirror.plan()).toMatchObject({ publish: [TARGET], step: { kind: 'wait', why: 'source' } });
  });
});

describe('age of a mirrored token', () => {
  it('a mirror trusts its source for the age of a new token', () => {
    const source = tell('stable-token');
    const mirror = tell('stable-token', { follows: true }, 0.5, source.clock);
    source.fetch(token('a'));
    const { record } = source.state();
    mirror.happen({ type: 'observed', record });
    expect(lifeLeft(mirror.state().life, mirror.clock.now())).toBe(2 * HOUR);
    const generation = record.generation + 1;
    const issuedAt = mirror.clock.now().wall - HOUR;
    const old = { value: new Secret(token('b')), expiresIn: 7200, issuedAt, expiresAt: issuedAt + 2 * HOUR };
    mirror.happen({ type: 'observed', record: { ...record, generation, token: { ...old, generation } } });
    expect(lifeLeft(mirror.state().life, mirror.clock.now())).toBe(HOUR);
  });
});
