import { describe, expect, it } from 'vitest';
import {
  CODE_LIFE,
  isRemembered,
  lifeOfCode,
  MOST_CODES,
  OLDEST_PUSH,
  type PushedCode,
  putCode,
  settleCode,
} from '../../src/core/pushed-code.ts';
import { Secret } from '../../src/core/secret.ts';
import { HOUR, MINUTE } from '../../src/core/time.ts';

const AT = Date.UTC(2026, 0, 1);

const code = (mark: string) =>
  ({
    ...{ mark, subject: 'wx1111111111111111', receivedAt: AT },
    value: new Secret(`queryauthcode@@@${mark}`),
  }) satisfies PushedCode;

describe('the codes that are known', () => {
  it('one that is known is not kept again, whatever has come of it', () => {
    const { mark, subject, receivedAt } = code('a');
    const known = [{ mark, subject, receivedAt }, code('b')];
    expect(settleCode([code('a'), code('b')], 'a')).toEqual({ write: known });
    expect(putCode(known, code('a'), 'here')).toEqual({ leave: 'known' });
    expect(putCode(known, code('b'), 'here')).toEqual({ leave: 'known' });
    expect(settleCode(known, 'a')).toEqual({ leave: 'settled' });
  });

  it('those that something has come of give way to others, and those that wait do not', () => {
    const settled = Array.from({ length: 2 * MOST_CODES }, (_, at) => ({
      ...{ mark: `s${at}`, subject: 'wx', receivedAt: AT },
    }));
    const change = putCode([code('a'), ...settled], code('b'), 'here');
    const next = 'write' in change ? change.write : [];
    expect(next).toHaveLength(MOST_CODES);
    expect(next).toEqual(expect.arrayContaining([code('a'), code('b')]));
    const waiting = Array.from({ length: MOST_CODES }, (_, at) => code(`w${at}`));
    expect(() => putCode(waiting, code('b'), 'here')).toThrow('100 authorisation codes wait in here already');
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
