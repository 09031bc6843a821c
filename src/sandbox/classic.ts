import type { Token, TokenPair } from './tokens.ts';

/**
 * Stores a token fetched by `/cgi-bin/token` as the newest one. The token before it stays valid for `overlap` ms,
 * but not beyond its own end; the one before that is forgotten (docs/wechat-facts.md, "Lives and rotation").
 */
export function replaceToken(pair: TokenPair, fresh: Token, now: number, overlap: number): TokenPair {
  const { newest } = pair;
  return {
    newest: fresh,
    previous: newest && { ...newest, validUntil: Math.min(newest.endsAt, now + overlap) },
  };
}
