import type { Token } from './credential.ts';
import { reasonToFetch } from './plan.ts';
import { platformTime } from './quota.ts';
import type { AccountRecord } from './record.ts';
import { settled } from './refusal.ts';
import { withAttemptElsewhere } from './retry.ts';
import { type Context, type State, withTargetsDue } from './state.ts';
import { after, type Deadline, MINUTE, SECOND } from './time.ts';

/** Clocks of one fleet differ by less than that, in ms. */
const FUTURE = MINUTE;

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
  if (!token || isSame(token, state.record.token)) {
    return isAskedElsewhere(state, known, context) ? withAttemptElsewhere(known, context) : known;
  }
  const end = after(context.now, lifeOf(token, state, context));
  return withoutSatisfiedRequest(withToken(known, token, end, context.random));
}

/** Whether somebody else has asked the platform, since we last looked, for what is due for us as well. */
function isAskedElsewhere(before: State, known: State, { policy, now }: Context): boolean {
  const isNews =
    before.record.generation > 0 && before.record.ledger.lastFetch !== known.record.ledger.lastFetch;
  return isNews && reasonToFetch(known, policy, now) !== undefined;
}

function isSame(token: Token, known: Token | undefined): boolean {
  return token.generation === known?.generation && token.value.equals(known.value);
}

/**
 * What a stored token has left, in ms. Its writer's clock may be wrong and so may ours: the platform's own time tells
 * best, where this process has learnt it.
 */
function lifeOf(token: Token, { anchor }: State, { policy, now }: Context): number {
  const whole = token.expiresIn * SECOND;
  const { issuedAt, expiresAt, platformDate: date = issuedAt } = token;
  if (anchor && token.platformDate !== undefined)
    return whole - Math.max(0, platformTime(anchor, now) - date);
  // Whatever a clock or a damaged file claims, no token lives longer than the platform said.
  const left = Math.min(expiresAt - now.wall, date + whole - now.wall, whole);
  // Where even its beginning has not come yet our clock has been set back: it is in use, and its age is unknown.
  return Math.min(issuedAt, date) > now.wall + FUTURE ? Math.min(left, policy.window) : left;
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
