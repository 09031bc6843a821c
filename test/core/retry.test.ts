import { describe, expect, it } from 'vitest';
import { type Backoff, backoffDelay, type FailureClass, PASSING } from '../../src/core/failure.ts';
import { holdAfter, peerAttempt } from '../../src/core/state/attempts.ts';
import { lifeLeft } from '../../src/core/state/life.ts';
import { after, HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { changed } from '../support/state.ts';
import { tell } from '../support/story.ts';

const BACKOFF: Backoff = { first: MINUTE, growth: 2, cap: HOUR, jitter: 'added' };

/** The wait after a failure with that life left, ms. */
function waitWith(
  left: number | undefined,
  { kind = 'passing' as FailureClass, failures = 1, backoff = BACKOFF } = {},
) {
  const { clock, state } = tell('stable-token');
  const now = clock.now();
  const life = left === undefined ? {} : { end: after(now, left) };
  const dying = changed(state(), { attempts: { failures }, life });
  const failure = { class: kind, backoff };
  const hold = holdAfter(dying.attempts, failure, lifeLeft(dying.life, now), { now, random: 0 });
  expect(hold.why).toBe('backoff');
  return hold.until - now.monotonic;
}

describe('wait after a failed attempt', () => {
  it('the wait grows with the number of failures in a row', () => {
    expect([1, 2, 3].map((failures) => waitWith(HOUR, { failures }))).toEqual([
      MINUTE,
      2 * MINUTE,
      4 * MINUTE,
    ]);
  });

  it.each([
    ['two minutes before the token ends', 2 * MINUTE, MINUTE],
    ['just less than two minutes before the token ends', 2 * MINUTE - 1, 10 * SECOND],
    ['as the token ends', 0, 10 * SECOND],
    ['just less than ten minutes after the token ended', -10 * MINUTE + 1, 10 * SECOND],
    ['ten minutes after the token ended', -10 * MINUTE, MINUTE],
    ['without a token', undefined, MINUTE],
  ])('a passing fault %s is retried after $2 ms', (_, left, expected) => {
    expect(waitWith(left)).toBe(expected);
  });

  it('a wait of a second stays as it is around the end of a token', () => {
    expect(waitWith(0, { backoff: { ...BACKOFF, first: SECOND } })).toBe(SECOND);
  });

  it.each(['frequency', 'quota', 'refused', 'confirmation'] as const)(
    'a failure of class %s keeps its full wait around the end of a token',
    (kind) => {
      expect(waitWith(0, { kind })).toBe(MINUTE);
    },
  );
});

describe('attempts of other daemons', () => {
  const elsewhere = (failures: number, until?: number) => {
    const { clock, state } = tell('stable-token');
    const now = clock.now();
    const hold =
      until === undefined ? {} : { hold: { why: 'backoff', until: now.monotonic + until } as const };
    const next = peerAttempt({ ...state().attempts, failures, ...hold }, undefined, { now, random: 0 });
    return { failures: next.failures, wait: (next.hold?.until ?? 0) - now.monotonic, why: next.hold?.why };
  };

  it('an attempt of another daemon delays ours by a second, doubled up to a minute', () => {
    expect([0, 1, 2, 5, 6, 20].map((failures) => elsewhere(failures).wait)).toEqual([
      ...[SECOND, 2 * SECOND, 4 * SECOND, 32 * SECOND, MINUTE, MINUTE],
    ]);
    expect(elsewhere(0)).toMatchObject({ failures: 1, why: 'backoff' });
  });

  it('an attempt of another daemon extends only a shorter wait of our own', () => {
    expect(elsewhere(0, 2 * SECOND).wait).toBe(2 * SECOND);
    expect(elsewhere(0, SECOND - 1).wait).toBe(SECOND);
    expect(elsewhere(0, 2 * SECOND).failures).toBe(1);
  });

  it('a random draw extends the wait after an attempt elsewhere by at most a fifth', () => {
    const { clock, state } = tell('stable-token');
    const now = clock.now();
    const next = peerAttempt(state().attempts, undefined, { now, random: 1 });
    expect((next.hold?.until ?? 0) - now.monotonic).toBe(1.2 * SECOND);
  });

  it('whoever met a passing fault tries again before all others, whatever is drawn', () => {
    for (let failures = 0; failures < 10; failures += 1) {
      expect(elsewhere(failures).wait).toBeGreaterThanOrEqual(backoffDelay(PASSING, failures + 1, 1));
    }
  });

  it('an attempt of another daemon delays ours by ten seconds while the token ends', () => {
    const { clock, state } = tell('stable-token');
    const now = clock.now();
    const { attempts, life } = changed(state(), {
      attempts: { failures: 6 },
      life: { end: after(now, MINUTE) },
    });
    const { hold } = peerAttempt(attempts, lifeLeft(life, now), { now, random: 1 });
    expect((hold?.until ?? 0) - now.monotonic).toBe(10 * SECOND);
  });
});
