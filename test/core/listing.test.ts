import { describe, expect, it } from 'vitest';
import { type Listing, LONGEST_ABSENCE, listStanding, relisted } from '../../src/core/listing.ts';
import { HOUR } from '../../src/core/time.ts';

const NOON = 1_700_000_000_000;
const whole = (...ids: string[]) => ({ ids, isComplete: true });
const partial = (...ids: string[]) => ({ ids, isComplete: false });

/** What is known after these answers, an hour apart. */
const knownAfter = (...answers: ReturnType<typeof whole>[]): Listing =>
  answers.reduce<Listing | undefined>(
    (known, answer, hour) => relisted(known, answer, NOON + hour * HOUR),
    undefined,
  ) ?? {
    at: 0,
    accounts: {},
  };

describe('the list of accounts', () => {
  it('an account is listed from the first answer on that has it, whole or not', () => {
    for (const answer of [whole, partial])
      expect(listStanding(knownAfter(whole('a'), answer('a', 'b')), 'b', HOUR)).toBe('listed');
  });

  it('an account that a whole list lacks is missing from then on, and gone only by a later whole list', () => {
    const once = knownAfter(whole('a', 'b'), whole('a'));
    expect(listStanding(once, 'b', HOUR)).toBe('missing');
    expect(listStanding(knownAfter(whole('a', 'b'), whole('a'), whole('a')), 'b', HOUR)).toBe('gone');
    expect(listStanding(knownAfter(whole('a', 'b'), whole('a'), whole('a')), 'b', 2 * HOUR)).toBe('missing');
  });

  it.each([1, 5, 100])('%i partial lists take nobody away', (count) => {
    const lists = Array.from({ length: count }, () => partial('a'));
    expect(listStanding(knownAfter(whole('a', 'b'), ...lists), 'b', 1)).toBe('listed');
    expect(listStanding(knownAfter(whole('a', 'b'), whole('a'), ...lists), 'b', HOUR)).toBe('missing');
  });

  it('an account that comes back is listed, and begins anew to be missing', () => {
    const back = knownAfter(whole('a'), whole(), whole('a'), whole());
    expect(listStanding(back, 'a', 2 * HOUR)).toBe('missing');
    expect(listStanding(knownAfter(whole('a'), whole(), whole('a')), 'a', 1)).toBe('listed');
  });

  it('an account that was never listed has no standing, whatever it is called', () => {
    expect(listStanding(knownAfter(whole('a')), 'constructor', 1)).toBeUndefined();
  });

  it('an account is forgotten when lists have lacked it for a month', () => {
    const missing = relisted(knownAfter(whole('a')), whole(), NOON);
    expect(Object.keys(relisted(missing, whole(), NOON + LONGEST_ABSENCE - 1).accounts)).toEqual(['a']);
    expect(relisted(missing, whole(), NOON + LONGEST_ABSENCE).accounts).toEqual({});
  });

  it('accounts keep the order in which they came, also one that was missing for a while', () => {
    const order = (...answers: ReturnType<typeof whole>[]) => Object.keys(knownAfter(...answers).accounts);
    expect(order(whole('m', 'z'), whole('a', 'm', 'z'), partial('b', 'z'))).toEqual(['m', 'z', 'a', 'b']);
    expect(order(whole('m', 'z'), whole('a', 'z'), whole('a', 'm', 'z'))).toEqual(['m', 'z', 'a']);
  });

  it('an account that was gone and comes back is the last one', () => {
    const again = (before: Listing, hour: number, ...ids: string[]) =>
      relisted(before, whole(...ids), NOON + hour * HOUR, HOUR);
    const gone = again(again(knownAfter(whole('m', 'z')), 1, 'z'), 2, 'z');
    expect(listStanding(gone, 'm', HOUR)).toBe('gone');
    expect(Object.keys(again(gone, 3, 'a', 'm', 'z').accounts)).toEqual(['z', 'a', 'm']);
  });

  it('a clock that was set back takes nobody away sooner', () => {
    const missing = relisted(knownAfter(whole('a')), whole(), NOON + HOUR);
    expect(listStanding(relisted(missing, whole(), NOON), 'a', 1)).toBe('missing');
  });
});
