import type { Token } from './credential.ts';
import { reasonToFetch } from './due.ts';
import { withAttemptElsewhere, withHeard, withLastFailure } from './last-failure.ts';
import { type AccountRecord, ONE_FETCH } from './record.ts';
import { caughtUp } from './state/clock.ts';
import type { Context, State } from './state/index.ts';
import { settled } from './state/reader-reports.ts';
import { allDue } from './state/targets.ts';
import { after, type Deadline, SECOND } from './time.ts';
import { lifeOf } from './token-age.ts';

/**
 * Takes over what the store holds. Newer wins, by generation: a store that is older than what we know has lost our
 * last write and is to be given it again. Of two records of one generation the stored one was written under the lock
 * by whoever took it from us.
 */
export function adopt(state: State, record: AccountRecord | undefined, context: Context): State {
  return withAnswer(state, taken(state, record, context));
}

function taken(state: State, record: AccountRecord | undefined, context: Context): State {
  const looked: State = { ...state, lookedAt: context.now.monotonic };
  if (!record || record.generation < state.record.generation) {
    return state.record.generation > 0 ? { ...looked, saved: false } : looked;
  }
  const clock = caughtUp(state.clock, record.ledger, context.now);
  const known: State = withDoubt({ ...looked, seenAt: context.now, clock, record, saved: true }, context);
  const { token } = record;
  const ours = state.record.token;
  if (ours && (!token || token.generation < ours.generation)) {
    // Written on top of an old store that somebody had put back: the token that we have was fetched after that one.
    return { ...known, record: { ...record, generation: record.generation + 1, token: ours }, saved: false };
  }
  if (ours && token && !state.saved && isLater(ours, token)) {
    // Written by a daemon that could not see our last write, nor how far we had counted meanwhile.
    const generation = record.generation + 1;
    return {
      ...known,
      record: { ...record, generation, token: { ...ours, generation } },
      saved: false,
      targets: allDue(known.targets),
    };
  }
  if (!token || isSame(token, ours)) {
    const waiting = isAskedElsewhere(state, known, context) ? withAttemptElsewhere(known, context) : known;
    return withLastFailure(state, waiting, context);
  }
  const end = after(context.now, lifeOf(token, state, record, context.policy, context.now));
  const adopted = withToken(
    { ...known, askedAt: context.now.monotonic },
    withEndOf(token, end),
    end,
    context.random,
  );
  const isRefused = known.failure?.class === 'refused' && !known.heard;
  const renewed = isRefused ? withRefusalOf(known, adopted) : adopted;
  return withoutSatisfiedRequest(withLastFailure(state, renewed, context));
}

/**
 * What became of a wish that is with another daemon: a new token meets it, and an attempt that is over without one ends it
 * as well, for who has asked is to hear of it.
 */
function withAnswer(before: State, { awaited, ...known }: State): State {
  if (awaited === undefined) return known;
  const { token, intent, generation, lastFailure } = known.record;
  if (token?.generation !== before.record.token?.generation) return known;
  if (intent || generation < awaited + ONE_FETCH) return { ...known, awaited };
  return lastFailure ? withHeard(known, lastFailure) : { ...known, unready: Math.max(1, known.unready) };
}

/** What is published of its end is no later than what is believed of it. */
function withEndOf(token: Token, { wall }: Deadline): Token {
  if (token.expiresAt <= wall) return token;
  return { ...token, expiresAt: wall, issuedAt: Math.min(token.issuedAt, wall - token.expiresIn * SECOND) };
}

/** A neighbour's token does not make our own secret better: we go on as a follower, and try it as seldom as before. */
function withRefusalOf({ failures, failure, hold }: State, renewed: State): State {
  return { ...renewed, failures, ...(failure && { failure }), ...(hold && { hold }) };
}

/** Our own AppSecret, as it is now. Another one than before deserves a try, whatever the one before has met. */
export function withFingerprint(state: State, fingerprint: string | undefined): State {
  if (fingerprint === undefined || fingerprint === state.fingerprint) return state;
  if (state.fingerprint === undefined || state.failure?.class !== 'refused') return { ...state, fingerprint };
  const { hold: _held, failure, ...rest } = state;
  const isProven = rest.record.secrets.at(-1) === fingerprint;
  return { ...rest, fingerprint, failures: 0, ...(!isProven && failure && { failure }) };
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

/** Whether the platform handed out one token after another, where its own time can tell. */
function isLater({ platformDate: ours }: Token, { platformDate: theirs }: Token): boolean {
  return ours !== undefined && theirs !== undefined && ours > theirs;
}

/** A new token: everything that was held against the old one is over, and every target is due. */
export function withToken(state: State, token: Token, end: Deadline, random: number): State {
  const {
    hold: _held,
    failure: _over,
    heard: _too,
    alive: _before,
    confirmedAt: _then,
    refusals,
    ...rest
  } = state;
  return {
    ...rest,
    targets: allDue(rest.targets),
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
