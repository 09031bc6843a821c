import { caughtUp, platformTime } from './anchor.ts';
import type { Token } from './credential.ts';
import { reasonToFetch } from './reason.ts';
import type { AccountRecord } from './record.ts';
import { settled } from './refusal.ts';
import { withAttemptElsewhere } from './retry.ts';
import { type Context, type State, withTargetsDue } from './state.ts';
import { after, type Deadline, type Instant, MINUTE, SECOND } from './time.ts';

/** Clocks that are right differ by less than that, in ms. */
const SKEW = MINUTE;

/** A fetch writes the record twice: before the request and after it. */
const ONE_FETCH = 2;

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
  const anchor = caughtUp(state.anchor, record.ledger, context.now);
  const known: State = withDoubt({ ...looked, seenAt: context.now, anchor, record, saved: true }, context);
  const { token } = record;
  const ours = state.record.token;
  if (ours && (token?.generation ?? 0) < ours.generation) {
    // Written on top of an old store that somebody had put back: the token that we have was fetched after that one.
    return { ...known, record: { ...record, generation: record.generation + 1, token: ours }, saved: false };
  }
  if (!token || isSame(token, ours)) {
    return isAskedElsewhere(state, known, context) ? withAttemptElsewhere(known, context) : known;
  }
  const end = after(context.now, lifeOf(token, state, record, context));
  const renewed = withToken(known, token, end, context.random);
  return withoutSatisfiedRequest(
    known.failure?.class === 'refused' ? withRefusalOf(known, renewed) : renewed,
  );
}

/** A neighbour's token does not make our own secret better: we go on as a follower, and try it as seldom as before. */
function withRefusalOf({ failures, failure, hold }: State, renewed: State): State {
  return { ...renewed, failures, ...(failure && { failure }), ...(hold && { hold }) };
}

/** Our own AppSecret, as it is now. Another one than before deserves a try, whatever the one before has met. */
export function withFingerprint(state: State, fingerprint: string | undefined): State {
  if (fingerprint === undefined || fingerprint === state.fingerprint) return state;
  if (state.fingerprint === undefined || state.failure?.class !== 'refused') return { ...state, fingerprint };
  const { hold: _held, ...rest } = state;
  return { ...rest, fingerprint, failures: 0 };
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

/** What a stored token has left, in ms: never more than the platform said, whatever clocks or a damaged file claim. */
function lifeOf(token: Token, state: State, record: AccountRecord, context: Context): number {
  const whole = token.expiresIn * SECOND;
  const oldest = greatestAge(state, record, context.now);
  const age = ageOf(token, state, oldest < whole, context.now);
  // Our clock has been set back: all we know of what we found is that it is in use.
  if (age === undefined && oldest >= whole) return Math.min(context.policy.window, whole);
  return whole - Math.min(age ?? oldest, oldest);
}

/**
 * The age of a token, in ms, by the clocks that deserve belief; undefined when it seems to come from the future. The
 * platform's own time tells it, where this process has learnt that time. Otherwise our clock has to agree with the
 * writer's or with the platform's: an age that no live token can have says that it does not.
 */
function ageOf(
  { expiresIn, expiresAt, platformDate }: Token,
  { anchor }: State,
  isYoung: boolean,
  now: Instant,
) {
  if (anchor.certain && platformDate !== undefined)
    return Math.max(0, platformTime(anchor, now) - platformDate);
  const whole = expiresIn * SECOND;
  const births = [expiresAt - whole, ...(platformDate === undefined ? [] : [platformDate])];
  const ages = births.map((birth) => now.wall - birth);
  const possible = ages.filter((age) => age > -SKEW && age < whole).map((age) => Math.max(0, age));
  if (possible.length > 0) return isYoung ? Math.min(...possible) : Math.max(...possible);
  return ages.every((age) => age >= whole) ? whole : undefined;
}

/**
 * The greatest age, in ms, that a token can have which appeared while we watched, whatever clocks say: when we looked
 * last the record was the one before, and its last write brought the token. Endless where that cannot be said, and
 * when the clock was set or the machine slept meanwhile.
 */
function greatestAge({ seenAt, record: before }: State, record: AccountRecord, now: Instant): number {
  const { generation, token } = record;
  const follows = token?.generation === generation && generation <= before.generation + ONE_FETCH;
  if (!seenAt || !follows) return Number.POSITIVE_INFINITY;
  const passed = now.monotonic - seenAt.monotonic;
  const steady = Math.abs(now.wall - seenAt.wall - passed) < 2 * SECOND;
  return steady ? passed + SKEW : Number.POSITIVE_INFINITY;
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
