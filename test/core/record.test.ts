import { describe, expect, it } from 'vitest';
import { emptyRecord, standing, withSecret } from '../../src/core/record.ts';
import { caughtUp, ledgerTime, platformTime } from '../../src/core/state/clock.ts';
import { stronger } from '../../src/core/state/request.ts';

describe('AppSecrets in a record', () => {
  it('the AppSecret that fetched last comes last, and each is listed once', () => {
    expect(withSecret([], 'a')).toEqual(['a']);
    expect(withSecret(['a', 'b'], 'c')).toEqual(['a', 'b', 'c']);
    expect(withSecret(['a', 'b', 'c'], 'a')).toEqual(['b', 'c', 'a']);
  });

  it('an unchanged list of AppSecrets stays the same object', () => {
    const known = ['a', 'b'];
    expect(withSecret(known, 'b')).toBe(known);
    expect(withSecret(known, undefined)).toBe(known);
  });

  it('a record remembers the last five AppSecrets', () => {
    expect(withSecret(['a', 'b', 'c', 'd', 'e'], 'f')).toEqual(['b', 'c', 'd', 'e', 'f']);
  });

  it.each([
    [[], 'a', 'current'],
    [['a'], undefined, 'current'],
    [['a', 'b'], 'b', 'current'],
    [['a', 'b'], 'a', 'replaced'],
    [['a', 'b'], 'c', 'new'],
    [['a'], 'b', 'new'],
  ] as const)('the list %j marks the AppSecret %s as %s', (secrets, own, expected) => {
    expect(standing(secrets, own)).toBe(expected);
  });

  it('an empty record has no token, no secrets and no calls spent', () => {
    expect(emptyRecord('account', 5)).toEqual({
      account: 'account',
      generation: 0,
      ledger: { fetches: [], forced: [], since: 5 },
      secrets: [],
    });
  });
});

describe('platform time', () => {
  const clock = { date: 100_000, wall: 50_000, monotonic: 1_000, certain: true, timeAsked: false };

  it('platform time follows the faster of wall clock and monotonic clock', () => {
    expect(platformTime(clock, { wall: 50_700, monotonic: 1_200 })).toBe(100_700);
    expect(platformTime(clock, { wall: 49_000, monotonic: 1_200 })).toBe(100_200);
  });

  it('the ledger counts by the monotonic clock in whole milliseconds', () => {
    expect(ledgerTime(clock, { wall: 99_000, monotonic: 1_200.4 })).toEqual({ at: 100_200, certain: true });
  });

  it('a guessed time before the last call moves up to it, a certain one stays', () => {
    const now = { wall: 50_100, monotonic: 1_100 };
    const ledger = (lastFetch?: number) => ({
      ...{ fetches: [], forced: [], since: 0 },
      ...(lastFetch !== undefined && { lastFetch }),
    });
    const guess = { ...clock, certain: false };
    expect(caughtUp(guess, ledger(200_000), now)).toEqual({ ...guess, date: 200_000, ...now });
    expect(caughtUp(clock, ledger(200_000), now)).toBe(clock);
    expect(caughtUp(guess, ledger(100_100), now)).toBe(guess);
    expect(caughtUp(guess, ledger(), now)).toBe(guess);
  });
});

describe('combined refresh requests', () => {
  it.each([
    ['ordinary', 'ordinary', 'ordinary'],
    ['ordinary', 'preferred', 'preferred'],
    ['preferred', 'forced', 'forced'],
    ['forced', 'ordinary', 'forced'],
  ] as const)('the refresh requests %s and %s combine into %s', (one, other, expected) => {
    expect(stronger(one, other)).toBe(expected);
    expect(stronger(other, one)).toBe(expected);
  });
});
