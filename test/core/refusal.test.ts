import { describe, expect, it } from 'vitest';
import { judgeRefusal, type Refusals, refuse, settled } from '../../src/core/refusal.ts';
import { MINUTE } from '../../src/core/time.ts';
import { tell, token } from '../support/story.ts';

/** A token of that age, refused that long after the refusals before it. */
function judged(refusals: Refusals | undefined, { age = 0, later = 0 } = {}) {
  const story = tell('stable-token');
  story.fetch(token('a'));
  story.clock.pass(age);
  const { monotonic } = story.clock.now();
  const before = refusals && { ...refusals, lastAt: monotonic - later };
  return judgeRefusal(
    { record: story.state().record, ...(before && { refusals: before }) },
    story.clock.now(),
  );
}

const once: Refusals = { spent: 1, lastAt: 0 };
const twice: Refusals = { spent: 2, lastAt: 0 };

describe('a refusal of the current token', () => {
  it('a first refusal is asked about', () => {
    expect(judged(undefined)).toBe('asked');
    expect(judged(undefined, { age: 5 * MINUTE })).toBe('asked');
  });

  it.each(['ask', 'probe', 'force'] as const)(
    'a refusal is pending while the last one leads to a %s',
    (suspicion) => {
      expect(judged({ ...once, suspicion })).toBe('pending');
      expect(judged({ ...twice, suspicion })).toBe('pending');
    },
  );

  it('a young token that replaced a refused one and is refused again points at a rival', () => {
    expect(judged(once, { age: 10 * MINUTE - 1, later: MINUTE })).toBe('rival');
    expect(judged(once, { age: 10 * MINUTE, later: MINUTE })).toBe('asked');
  });

  it('a refusal half an hour after the last one is a new story', () => {
    expect(judged(once, { later: 30 * MINUTE - 1 })).toBe('rival');
    expect(judged(once, { later: 30 * MINUTE })).toBe('asked');
    expect(judged(twice, { later: 30 * MINUTE })).toBe('asked');
  });

  it('nothing more is done about a token that is refused after two fetches', () => {
    expect(judged(twice, { later: 30 * MINUTE - 1 })).toBe('quiet');
  });

  it('a refusal costs a fetch, twice, and then nothing until half an hour is over', () => {
    const first = refuse(undefined, 1_000);
    expect(first).toEqual({ spent: 1, lastAt: 1_000, suspicion: 'ask' });
    expect(refuse(first, 2_000)).toEqual({ spent: 1, lastAt: 2_000, suspicion: 'ask' });
    const second = refuse(settled(first), 3_000);
    expect(second).toEqual({ spent: 2, lastAt: 3_000, suspicion: 'ask' });
    const third = refuse(settled(second), 4_000);
    expect(third).toEqual({ spent: 2, lastAt: 4_000 });
    expect(refuse(third, 4_000 + 30 * MINUTE - 1)).not.toHaveProperty('suspicion');
    expect(refuse(third, 4_000 + 30 * MINUTE)).toEqual({
      spent: 1,
      lastAt: 4_000 + 30 * MINUTE,
      suspicion: 'ask',
    });
  });
});
