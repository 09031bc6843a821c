/** A token as the platform stores it. Times are in epoch ms. */
export interface Token {
  readonly value: string;
  /** End of its lifetime. */
  readonly endsAt: number;
  /** End of its validity; earlier than `endsAt` once it has been replaced. */
  readonly validUntil: number;
}

/**
 * All tokens that the platform keeps per account and kind: the newest and the one before it. The third fetch in a
 * row therefore ends the first token at once (docs/wechat-facts.md, "Lives and rotation").
 */
export interface TokenPair {
  readonly newest: Token | undefined;
  readonly previous: Token | undefined;
}

export const NO_TOKENS: TokenPair = { newest: undefined, previous: undefined };

/** Creates a token with a lifetime of `ttl` ms from `now` (epoch ms). */
export function newToken(value: string, now: number, ttl: number): Token {
  return { value, endsAt: now + ttl, validUntil: now + ttl };
}

/** Whether a token value is one of the pair and still valid at `now` (epoch ms). */
export function isLive(pair: TokenPair, value: string, now: number): boolean {
  return [pair.newest, pair.previous].some((token) => token?.value === value && now < token.validUntil);
}

/** Returns the remaining lifetime in whole seconds, rounded down as the platform does: 0 within the last second. */
export function secondsLeft(token: Token, now: number): number {
  return Math.floor((token.endsAt - now) / 1000);
}
