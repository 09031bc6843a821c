import { describe, expect, it } from 'vitest';
import type { Token } from '../../src/core/credential.ts';
import { precedenceOf } from '../../src/core/published.ts';
import { aToken } from '../publishers/token.ts';

const NOON = Date.UTC(2026, 0, 1, 12);
const HOUR = 3_600_000;

const ours = (changes: Partial<Token> = {}) =>
  aToken('the-token-that-we-have', { generation: 10, platformDate: NOON, ...changes });
const stored = (changes: Partial<Token> = {}) =>
  aToken('the-token-that-is-there', { generation: 10, platformDate: NOON, ...changes });

/** Of a stored token, in a moment in which either lives. */
const judged = (there: Token, here = ours(), wall = here.issuedAt + 1) =>
  precedenceOf({ token: there }, here, wall);

describe('two different tokens', () => {
  it('the token that the platform handed out later is newer, whatever its generation', () => {
    expect(judged(stored({ platformDate: NOON + HOUR, generation: 1 }))).toBe('newer');
    expect(judged(stored({ platformDate: NOON - HOUR, generation: 99 }))).toBe('older');
  });

  it('the higher generation is newer among tokens handed out at about the same time', () => {
    for (const ms of [-4_000, 0, 4_000]) {
      expect(judged(stored({ platformDate: NOON + ms, generation: 11 }))).toBe('newer');
      expect(judged(stored({ platformDate: NOON + ms, generation: 9 }))).toBe('older');
    }
  });

  it('tokens handed out five seconds apart count as handed out at the same time, and no more', () => {
    expect(judged(stored({ platformDate: NOON + 5_000, generation: 9 }))).toBe('older');
    expect(judged(stored({ platformDate: NOON + 5_001, generation: 9 }))).toBe('newer');
    expect(judged(stored({ platformDate: NOON - 5_000, generation: 11 }))).toBe('newer');
    expect(judged(stored({ platformDate: NOON - 5_001, generation: 11 }))).toBe('older');
  });

  it('the higher generation is newer without a platform time, as long as the token lives', () => {
    const { platformDate: _none, ...there } = stored({ generation: 99 });
    expect(judged(there)).toBe('newer');
    expect(judged(there, ours(), there.expiresAt)).toBe('older');
  });

  it('a stored token dated after the end of ours counts as older', () => {
    expect(judged(stored({ platformDate: NOON + 2 * HOUR }))).toBe('newer');
    expect(judged(stored({ platformDate: NOON + 2 * HOUR + 10_000 }))).toBe('older');
    expect(judged(stored({ platformDate: Date.UTC(2099, 0, 1) }))).toBe('older');
  });

  it('a stored token issued after the end of ours counts as older, also without a platform time', () => {
    const here = ours();
    const { platformDate: _none, ...there } = stored({ generation: 99 });
    const issued = (issuedAt: number) => judged({ ...there, issuedAt, expiresAt: issuedAt + 2 * HOUR }, here);
    expect(issued(here.expiresAt)).toBe('newer');
    expect(issued(here.expiresAt + 10_000)).toBe('older');
    expect(issued(Date.UTC(2099, 0, 1))).toBe('older');
  });
});

describe('same token on both sides', () => {
  const same = (generation: number) => judged(aToken('the-token-that-we-have', { generation }));

  it('the stored copy of a token counts as older only if our generation is higher', () => {
    expect(same(10)).toBe('same');
    expect(same(11)).toBe('same');
    expect(same(9)).toBe('older');
  });
});
