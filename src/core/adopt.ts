import type { Token } from './credential.ts';
import type { AccountRecord } from './record.ts';
import { settled } from './refusal.ts';
import { type Context, type State, withTargetsDue } from './state.ts';
import { after, type Deadline } from './time.ts';

/**
 * Takes over what the store holds. Newer wins, by generation: a store that is older than what we know has lost our
 * last write and is to be given it again. Of two records of one generation the stored one was written under the lock
 * by whoever took it from us.
 */
export function adopt(state: State, record: AccountRecord | undefined, context: Context): State {
  const looked: State = { ...state, lookedAt: context.now.monotonic };
  if (!record || record.generation < state.record.generation) {
    return state.record.generation > 0 ? { ...looked, saved: false } : looked;
  }
  const known: State = withDoubt({ ...looked, record, saved: true }, context);
  const { token } = record;
  if (!token || isSame(token, state.record.token)) return known;
  // Whatever the writer's clock or a damaged file claims, no token lives longer than the platform said.
  const left = Math.min(token.expiresAt - context.now.wall, token.expiresIn * 1000);
  return withoutSatisfiedRequest(withToken(known, token, after(context.now, left), context.random));
}

function isSame(token: Token, known: Token | undefined): boolean {
  return token.generation === known?.generation && token.value.equals(known.value);
}

/** A new token: everything that was held against the old one is over, and every target is due. */
export function withToken(state: State, token: Token, end: Deadline, random: number): State {
  const { hold: _held, failure: _over, refusals, ...rest } = state;
  return {
    ...withTargetsDue(rest),
    record: { ...state.record, token },
    end,
    draw: random,
    failures: 0,
    blocked: 0,
    unready: 0,
    ...(refusals && { refusals: settled(refusals) }),
  };
}

/** While an intent has no outcome, the token before it lives on for the platform's overlap at most. */
export function withDoubt(state: State, { policy, now }: Context): State {
  const { doubt, ...rest } = state;
  const { intent } = state.record;
  if (!intent) return rest;
  return { ...rest, doubt: doubt ?? after(now, policy.overlap - Math.max(0, now.wall - intent.at)) };
}

/** Any new token is what an ordinary request asked for; a forced one asks for the old token's death as well. */
export function withoutSatisfiedRequest(state: State): State {
  if (state.manual !== 'ordinary') return state;
  const { manual: _met, ...rest } = state;
  return rest;
}
