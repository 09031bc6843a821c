import { describe, expect, it } from 'vitest';
import {
  judgeRefusal,
  NO_REPORTS,
  type ReaderReports,
  refused,
  settled,
} from '../../src/core/state/reader-reports.ts';
import { MINUTE } from '../../src/core/time.ts';
import { tell, token } from '../support/story.ts';

/** A token of that age, refused that long after the refusals before it. */
function judged(reports: ReaderReports | undefined, { age = 0, later = 0 } = {}) {
  const story = tell('stable-token');
  story.fetch(token('a'));
  story.clock.pass(age);
  const { monotonic } = story.clock.now();
  const before = reports ? { ...reports, lastAt: monotonic - later } : NO_REPORTS;
  return judgeRefusal({ record: story.state().record, reports: before }, story.clock.now());
}

const once: ReaderReports = { spent: 1, lastAt: 0 };
const twice: ReaderReports = { spent: 2, lastAt: 0 };

const refuse = (reports: ReaderReports, monotonic: number) => refused(reports, { wall: 0, monotonic });

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

  it('a token that is refused after two fetches is left alone', () => {
    expect(judged(twice, { later: 30 * MINUTE - 1 })).toBe('quiet');
  });

  it('two refusals cost a fetch each, and more cost nothing for half an hour', () => {
    const first = refuse(NO_REPORTS, 1_000);
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
