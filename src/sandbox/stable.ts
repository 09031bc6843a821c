import { MINUTE, SECOND } from '../core/time.ts';
import { type Counter, chinaDay, countIn, UNUSED, usedIn, windowOf } from './counter.ts';
import { type Refusal, refuse } from './protocol.ts';
import { NO_TOKENS, type Token, type TokenPair } from './tokens.ts';

/**
 * Limits of `stable_token` (docs/wechat-facts.md, "Allowances" and "Lives and rotation"). That the 21st forced call
 * gets 45009 was only reported by a user.
 */
const FORCED_PER_DAY = 20;
const FORCED_SPACING = 30 * SECOND;
const CALLS_PER_DAY = 500_000;
const CALLS_PER_MINUTE = 10_000;

export interface StableState {
  readonly pair: TokenPair;
  readonly day: Counter;
  readonly minute: Counter;
  readonly forced: Counter;
  /** Epoch ms of the last forced call that issued a token. */
  readonly forcedAt: number;
}

export const UNUSED_STABLE: StableState = {
  pair: NO_TOKENS,
  day: UNUSED,
  minute: UNUSED,
  forced: UNUSED,
  forcedAt: Number.NEGATIVE_INFINITY,
};

/** `mint` is called only if a new token is needed; `now` is in epoch ms, `rotationWindow` in ms. */
export interface StableCall {
  readonly force: boolean;
  readonly now: number;
  readonly rotationWindow: number;
  readonly mint: () => Token;
}

/**
 * Implements `/cgi-bin/stable_token`. An ordinary call returns the same token until its last `rotationWindow`, then
 * a new one, while the old one stays valid to its end. A forced call ends every earlier stable token at once; less
 * than 30 s after the last forced call it is treated as an ordinary call.
 */
export function fetchStable(
  state: StableState,
  call: StableCall,
): Refusal | { state: StableState; token: Token } {
  const { now } = call;
  const day = chinaDay(now);
  const minute = windowOf(now, MINUTE);
  if (usedIn(state.minute, minute) >= CALLS_PER_MINUTE) return refuse('official', 45011);
  if (usedIn(state.day, day) >= CALLS_PER_DAY) return refuse('official', 45009);
  const counted = { ...state, day: countIn(state.day, day), minute: countIn(state.minute, minute) };

  if (call.force && now - state.forcedAt >= FORCED_SPACING) {
    if (usedIn(state.forced, day) >= FORCED_PER_DAY) return refuse('official', 45009);
    const token = call.mint();
    const pair = { newest: token, previous: undefined };
    return { state: { ...counted, pair, forced: countIn(state.forced, day), forcedAt: now }, token };
  }

  const { newest } = state.pair;
  if (newest && newest.endsAt - now > call.rotationWindow) return { state: counted, token: newest };
  const token = call.mint();
  return { state: { ...counted, pair: { newest: token, previous: newest } }, token };
}
