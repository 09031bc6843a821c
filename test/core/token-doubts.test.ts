import { describe, expect, it } from 'vitest';
import {
  type Doubts,
  doubted,
  judgeDoubt,
  NO_DOUBTS,
  probed,
  settled,
  untilAsked,
} from '../../src/core/state/doubts.ts';
import { MINUTE } from '../../src/core/time.ts';
import { tell, token } from '../support/story.ts';

/** A token of that age, refused that long after the refusals before it. */
function judged(doubts: Doubts | undefined, { age = 0, later = 0 } = {}) {
  const story = tell('stable-token');
  story.fetch(token('a'));
  story.clock.pass(age);
  const { monotonic } = story.clock.now();
  const before = doubts ? { ...doubts, lastAt: monotonic - later } : NO_DOUBTS;
  return judgeDoubt({ record: story.state().record, doubts: before }, story.clock.now(), 'reader');
}

const once: Doubts = { spent: 1, lastAt: 0 };
const twice: Doubts = { spent: 2, lastAt: 0 };

const refuse = (doubts: Doubts, monotonic: number) => doubted(doubts, { wall: 0, monotonic }, 'reader');

describe('refusals of the current token', () => {
  it('a first refusal of a token is looked into', () => {
    expect(judged(undefined)).toBe('asked');
    expect(judged(undefined, { age: 5 * MINUTE })).toBe('asked');
  });

  it.each(['ask', 'probe', 'force'] as const)(
    'a new refusal is pending while the "%s" of the last one is open',
    (suspicion) => {
      expect(judged({ ...once, suspicion })).toBe('pending');
      expect(judged({ ...twice, suspicion })).toBe('pending');
    },
  );

  it('a second refusal of a token younger than ten minutes points to a rival', () => {
    expect(judged(once, { age: 10 * MINUTE - 1, later: MINUTE })).toBe('rival');
    expect(judged(once, { age: 10 * MINUTE, later: MINUTE })).toBe('asked');
  });

  it('a refusal half an hour after the last one is looked into afresh', () => {
    expect(judged(once, { later: 30 * MINUTE - 1 })).toBe('rival');
    expect(judged(once, { later: 30 * MINUTE })).toBe('asked');
    expect(judged(twice, { later: 30 * MINUTE })).toBe('asked');
  });

  it('after two fetches the platform is asked whether the token works, once a minute', () => {
    expect(judged(twice, { later: 30 * MINUTE - 1 })).toBe('checked');
    const third = refuse(twice, 4_000);
    expect(third).toEqual({ spent: 2, lastAt: 4_000, suspicion: 'probe', by: 'reader', checkedAt: 4_000 });
    const works = probed(third, true, true, { wall: 0, monotonic: 4_500 });
    expect(works).not.toHaveProperty('suspicion');
    expect(refuse(works, 4_000 + MINUTE - 1)).not.toHaveProperty('suspicion');
    expect(refuse(works, 4_000 + MINUTE)).toMatchObject({ suspicion: 'probe' });
  });

  it('a token that does not work is replaced where any fetch brings another, and otherwise by force alone', () => {
    const third = refuse(twice, 4_000);
    const now = { wall: 0, monotonic: 4_500 };
    expect(probed(third, false, true, now)).toMatchObject({ suspicion: 'ask', by: 'platform' });
    expect(probed(third, false, false, now)).toMatchObject({ suspicion: 'force' });
  });

  it('an account that authorises again and again is healed each time that a reader reports its token', () => {
    const story = tell('access-token');
    story.fetch(token('0'));
    for (let time = 1; time <= 5; time += 1) {
      story.clock.pass(10 * MINUTE);
      story.happen({ type: 'doubted', by: 'reader' });
      if (story.plan().step.kind === 'probe') story.happen({ type: 'probed', works: false });
      expect(story.plan().step, `${time}`).toEqual({ kind: 'fetch', reason: 'refused', forced: false });
      story.fetch(token(`${time}`));
    }
  });

  it('two refusals cost a fetch each, and more cost none for half an hour', () => {
    const first = refuse(NO_DOUBTS, 1_000);
    expect(first).toEqual({ spent: 1, lastAt: 1_000, suspicion: 'ask', by: 'reader' });
    expect(refuse(first, 2_000)).toEqual({ spent: 1, lastAt: 2_000, suspicion: 'ask', by: 'reader' });
    const second = refuse(settled(first), 3_000);
    expect(second).toEqual({ spent: 2, lastAt: 3_000, suspicion: 'ask', by: 'reader' });
    const third = settled(refuse(settled(second), 4_000));
    expect(refuse(third, 4_000 + 30 * MINUTE - 1)).toMatchObject({ spent: 2, suspicion: 'probe' });
    expect(refuse(third, 4_000 + 30 * MINUTE)).toMatchObject({ spent: 1, suspicion: 'ask', by: 'reader' });
  });

  it.each(['platform', 'hint'] as const)(
    'what the %s tells is followed up three times at once, then at growing pauses, and never dropped',
    (by) => {
      let doubts = NO_DOUBTS;
      let now = 0;
      const waits: number[] = [];
      for (let times = 0; times < 10; times += 1) {
        doubts = doubted(doubts, { wall: 0, monotonic: now }, by);
        const wait = untilAsked(doubts, { wall: 0, monotonic: now });
        expect(wait).toBeDefined();
        waits.push((wait ?? 0) / MINUTE);
        now += wait ?? 0;
        doubts = settled(doubts);
      }
      expect(waits).toEqual([0, 0, 0, 1, 2, 4, 8, 16, 20, 20]);
      const { told } = doubted(doubts, { wall: 0, monotonic: now + 30 * MINUTE }, by);
      expect(told).toEqual({ times: 1, askAt: now + 30 * MINUTE });
    },
  );

  it('what the platform tells does not count as reports of readers, and hints point to no rival', () => {
    const story = tell('access-token');
    story.fetch(token('a'));
    for (const mark of ['b', 'c', 'd']) {
      expect(judgeDoubt(story.state(), story.clock.now(), 'hint')).toBe('asked');
      story.happen({ type: 'doubted', by: 'hint' });
      story.fetch(token(mark));
    }
    expect(judgeDoubt(story.state(), story.clock.now(), 'hint')).toBe('later');
    expect(judgeDoubt(story.state(), story.clock.now(), 'reader')).toBe('asked');
    story.happen({ type: 'doubted', by: 'platform' });
    story.clock.pass(MINUTE);
    story.fetch(token('e'));
    story.clock.pass(MINUTE);
    expect(judgeDoubt(story.state(), story.clock.now(), 'reader')).toBe('rival');
  });

  it('a doubt that has to wait is followed up at its time, however long the token would still live', () => {
    const story = tell('access-token');
    story.fetch(token('a'));
    for (const mark of ['b', 'c', 'd']) {
      story.happen({ type: 'doubted', by: 'hint' });
      story.fetch(token(mark));
    }
    story.happen({ type: 'doubted', by: 'hint' });
    expect(story.plan().step).toEqual({ kind: 'wait', ms: MINUTE, why: 'fresh' });
    story.clock.pass(MINUTE);
    expect(story.plan().step).toEqual({ kind: 'fetch', reason: 'refused', forced: false });
  });

  it('a reader who confirms a doubt that waits has it followed up at once', () => {
    const story = tell('access-token');
    story.fetch(token('a'));
    for (const mark of ['b', 'c', 'd', 'e']) {
      story.happen({ type: 'doubted', by: 'hint' });
      if (mark !== 'e') story.fetch(token(mark));
    }
    story.happen({ type: 'doubted', by: 'reader' });
    expect(story.plan().step).toEqual({ kind: 'fetch', reason: 'refused', forced: false });
  });

  it('a probe says nothing of a token that has come meanwhile', () => {
    const story = tell('stable-token', { refusalForces: true });
    story.fetch(token('a'));
    story.happen({ type: 'doubted', by: 'reader' });
    story.fetch(token('a'));
    story.fetch(token('b'));
    story.happen({ type: 'probed', works: false });
    expect(story.state().doubts).not.toHaveProperty('suspicion');
  });
});
