import { describe, expect, it } from 'vitest';
import {
  CODE_LIFE,
  isRemembered,
  lifeOfCode,
  MOST_CODES,
  OLDEST_PUSH,
  type PushedCode,
  withCode,
  withoutValue,
} from '../../src/core/pushed-code.ts';
import { Secret } from '../../src/core/secret.ts';
import { HOUR, MINUTE } from '../../src/core/time.ts';

const AT = Date.UTC(2026, 0, 1);

const code = (mark: string): PushedCode => ({
  ...{ mark, subject: 'wx1111111111111111', receivedAt: AT },
  value: new Secret(`queryauthcode@@@${mark}`),
});

describe('the codes that are known', () => {
  it('one that is known is not kept again, whatever has come of it', () => {
    const known = withoutValue([code('a'), code('b')], 'a') ?? [];
    expect(withCode(known, code('a'))).toBeUndefined();
    expect(withCode(known, code('b'))).toBeUndefined();
    expect(known.map(({ value }) => value !== undefined)).toEqual([false, true]);
    expect(withoutValue(known, 'a')).toBeUndefined();
  });

  it('those that something has come of give way to others, and those that wait do not', () => {
    const settled = Array.from({ length: 2 * MOST_CODES }, (_, at) => ({
      ...{ mark: `s${at}`, subject: 'wx', receivedAt: AT },
    }));
    const next = withCode([code('a'), ...settled], code('b'));
    expect(next).toHaveLength(MOST_CODES);
    expect(next).toEqual(expect.arrayContaining([code('a'), code('b')]));
    const waiting = Array.from({ length: MOST_CODES }, (_, at) => code(`w${at}`));
    expect(withCode(waiting, code('b'))).toBe('full');
  });

  it('it works for ten minutes from its arrival, and no longer where the clock was set back', () => {
    expect(lifeOfCode({ receivedAt: AT }, AT + MINUTE)).toBe(9 * MINUTE);
    expect(lifeOfCode({ receivedAt: AT }, AT + HOUR)).toBe(0);
    expect(lifeOfCode({ receivedAt: AT }, AT - HOUR)).toBe(CODE_LIFE);
  });

  it('it is known for as long as the same push may be taken for a new one', () => {
    expect(isRemembered({ receivedAt: AT }, AT + OLDEST_PUSH)).toBe(true);
    expect(isRemembered({ receivedAt: AT }, AT + HOUR)).toBe(false);
    expect(isRemembered({ receivedAt: AT }, AT - HOUR)).toBe(false);
  });
});
