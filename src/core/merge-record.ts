/** What a look at the store changes: the record that is found there is weighed against what we know, and taken over. */
import { untilGathered } from './budget.ts';
import type { Context } from './context.ts';
import type { Token } from './credential.ts';
import { obstacleToForce, reasonToFetch } from './due.ts';
import { withLastFailure } from './last-failure.ts';
import { type AccountRecord, ONE_FETCH } from './record.ts';
import {
  peerAttempt,
  peerBroughtToken,
  peerFailure,
  peerFoundSameToken,
  secretFound,
  secretReplaced,
} from './state/attempts.ts';
import { caughtUp, ledgerTime } from './state/clock.ts';
import { type State, withToken } from './state/index.ts';
import { doubted, lifeLeft } from './state/life.ts';
import { answeredByPeer, handedOver, satisfied, satisfiedByPeer } from './state/request.ts';
import { looked, seen, unsaved } from './state/store.ts';
import { allDue } from './state/targets.ts';
import { after, type Deadline, SECOND } from './time.ts';
import { lifeOf } from './token-age.ts';

/**
 * Takes over what the store holds. Newer wins, by generation: a store that is older than what we know has lost our last
 * write and is to be given it again. Of two records of one generation the stored one wins, because whoever took the
 * lock from us wrote it under the lock.
 */
export function adopt(state: State, record: AccountRecord | undefined, context: Context): State {
  return withAnswerOfPeer(state, withRequestMet(state, taken(state, record, context), context));
}

/**
 * Another daemon has just begun what a person asked of this one as well: one HUP to all daemons of an account is one
 * refresh. Where ours would be forced and that one was not, ours is still to be made.
 */
function withRequestMet(before: State, known: State, { policy, now }: Context): State {
  const { request, record } = known;
  const isNews =
    before.record.generation > 0 &&
    record.ledger.lastRequested !== before.record.ledger.lastRequested &&
    untilGathered(record.ledger, ledgerTime(known.clock, now)) > 0;
  if (!request.manual || !isNews || request.manual === 'forced' || request.overrides) return known;
  const wantsForce = request.manual === 'preferred' && policy.manual === 'forced';
  if (wantsForce && !obstacleToForce(known, policy, now)) return known;
  return { ...known, request: handedOver(request, 'requested', before.record.generation, now) };
}

function taken(state: State, record: AccountRecord | undefined, context: Context): State {
  const { policy, now } = context;
  if (!record || record.generation < state.record.generation) {
    const store = looked(state.store, record, now);
    return { ...state, store: state.record.generation > 0 ? unsaved(store) : store };
  }
  const known: State = {
    ...state,
    record,
    store: seen(state.store, record, now),
    clock: caughtUp(state.clock, record.ledger, now),
    life: doubted(state.life, record.intent, policy.overlap, now),
  };
  const { token } = record;
  const ours = state.record.token;
  if (ours && (!token || token.generation < ours.generation)) {
    // Written on top of an old store that somebody had put back: the token that we have was fetched after that one.
    const mended = { ...record, generation: record.generation + 1, token: ours };
    return { ...known, record: mended, store: unsaved(known.store) };
  }
  if (ours && token && !state.store.saved && isLater(ours, token)) {
    // Written by a daemon that could not see our last write, nor how far we had counted meanwhile.
    const generation = record.generation + 1;
    const mended = { ...record, generation, token: { ...ours, generation } };
    return { ...known, record: mended, store: unsaved(known.store), targets: allDue(known.targets) };
  }
  if (!token || isSame(token, ours)) {
    const attempts = isAskedElsewhere(state, known, context)
      ? peerAttempt(known.attempts, lifeLeft(known.life, now), context)
      : known.attempts;
    return withLastFailure(state, { ...known, attempts }, context);
  }
  const end = after(now, lifeOf(token, state, record, policy, now));
  const adopted: State = {
    ...withToken(known, withEndOf(token, end), end, context),
    attempts: peerBroughtToken(known.attempts),
  };
  const isOther = !ours || !token.value.equals(ours.value);
  const met: State = {
    ...adopted,
    request: isOther ? satisfiedByPeer(adopted.request) : satisfied(adopted.request),
  };
  return withLastFailure(state, met, context);
}

/**
 * Resolves a request that we handed over to the daemon that fetches. It is done when a new token appears, and it has
 * failed when the attempt there ends without one: whoever asked is to hear of that.
 */
function withAnswerOfPeer(before: State, known: State): State {
  const { awaited } = known.request;
  if (awaited === undefined) return known;
  const { token, intent, generation, lastFailure } = known.record;
  const resolved: State = { ...known, request: answeredByPeer(known.request) };
  if (token?.generation !== before.record.token?.generation) return resolved;
  if (intent || generation < awaited + ONE_FETCH) return known;
  const { attempts } = known;
  return {
    ...resolved,
    attempts: lastFailure ? peerFailure(attempts, lastFailure) : peerFoundSameToken(attempts),
  };
}

/** A token whose published end is no later than the end that we believe in. */
function withEndOf(token: Token, { wall }: Deadline): Token {
  if (token.expiresAt <= wall) return token;
  return { ...token, expiresAt: wall, issuedAt: Math.min(token.issuedAt, wall - token.expiresIn * SECOND) };
}

/** Takes over the fingerprint of our own AppSecret, as it is now; undefined when the AppSecret could not be read. */
export function withFingerprint(state: State, fingerprint: string | undefined): State {
  if (fingerprint === undefined || fingerprint === state.fingerprint) return state;
  if (state.fingerprint === undefined)
    return { ...state, fingerprint, attempts: secretFound(state.attempts) };
  const isProven = state.record.secrets.at(-1) === fingerprint;
  return { ...state, fingerprint, attempts: secretReplaced(state.attempts, isProven) };
}

/** Whether another daemon has asked the platform, since we last looked, for what is due for us as well. */
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

/** A new token is there, which is all that an ordinary request asked for. */
export function withoutSatisfied(state: State): State {
  return { ...state, request: satisfied(state.request) };
}
