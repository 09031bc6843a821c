/** A token as its store sees it; times are epoch ms. */
export interface Token {
  readonly value: string;
  /** End of its lifetime. */
  readonly endsAt: number;
  /** End of its validity: earlier than `endsAt` once it has been replaced. */
  readonly validUntil: number;
}

/**
 * All that the platform keeps per account and kind: the newest token and the one before it, so the third fetch
 * in a row kills the first at once (article of the WeChat team on the design of access_token).
 */
export interface TokenPair {
  readonly newest: Token | undefined;
  readonly previous: Token | undefined;
}

export const NO_TOKENS: TokenPair = { newest: undefined, previous: undefined };

export function newToken(value: string, now: number, ttl: number): Token {
  return { value, endsAt: now + ttl, validUntil: now + ttl };
}

export function isLive(pair: TokenPair, value: string, now: number): boolean {
  return [pair.newest, pair.previous].some((token) => token?.value === value && now < token.validUntil);
}

/** Whole seconds of life left, floored as the platform does: 0 within the last second. */
export function secondsLeft(token: Token, now: number): number {
  return Math.floor((token.endsAt - now) / 1000);
}
