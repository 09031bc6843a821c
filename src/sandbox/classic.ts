import type { Token, TokenPair } from './tokens.ts';

/**
 * `/cgi-bin/token`: every fetch makes the new token the newest one. The token that it replaces stays valid for
 * `overlap` ms, never beyond its own end, and the one before that is forgotten (page "Get access token").
 */
export function replaceToken(pair: TokenPair, fresh: Token, now: number, overlap: number): TokenPair {
  const { newest } = pair;
  return {
    newest: fresh,
    previous: newest && { ...newest, validUntil: Math.min(newest.endsAt, now + overlap) },
  };
}
