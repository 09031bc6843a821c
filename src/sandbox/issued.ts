import { DAY } from '../core/time.ts';

/** Whose token it is and when its lifetime ends (epoch ms), live or not. */
export type Issued = { readonly endsAt: number } & (
  | { readonly kind: 'classic' | 'stable'; readonly appId: string }
  | { readonly kind: 'wecom'; readonly corpId: string; readonly app: number }
);

/** Every token handed out, by value: finds the owner of a presented token and tells an old one from a made-up one. */
export interface IssuedTokens {
  readonly add: (value: string, issued: Issued, now: number) => void;
  readonly find: (value: string) => Issued | undefined;
}

const SMALLEST_SWEEP = 1_000;

/** Remembers a token for a day after its end, so that days of simulation stay small. */
export function createIssuedTokens(): IssuedTokens {
  const tokens = new Map<string, Issued>();
  let sweepAt = SMALLEST_SWEEP;
  return {
    add(value, issued, now) {
      tokens.set(value, issued);
      if (tokens.size < sweepAt) return;
      for (const [old, { endsAt }] of tokens) if (endsAt + DAY < now) tokens.delete(old);
      sweepAt = Math.max(SMALLEST_SWEEP, 2 * tokens.size);
    },
    find: (value) => tokens.get(value),
  };
}
