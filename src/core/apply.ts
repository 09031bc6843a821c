import type { Context } from './context.ts';
import { reasonToFetch } from './due.ts';
import type { Event } from './events/event.ts';
import { adopt, withFingerprint, withoutSatisfied } from './merge-record.ts';
import { failed, fetched, settleLate } from './outcome.ts';
import { withPublished } from './published.ts';
import { blockedByPeer, heldFor, ticketReplaced, unblocked } from './state/attempts.ts';
import { authorised, codeOf, sent } from './state/authorisation.ts';
import { type PlatformClock, setByPlatform } from './state/clock.ts';
import { doubted, probed, settled } from './state/doubts.ts';
import type { State } from './state/index.ts';
import type { LateResponse } from './state/late-response.ts';
import { arrived, startAsked } from './state/pushed.ts';
import { begun, closed, handedOver, requested, requestedOfMirror } from './state/request.ts';
import {
  dated,
  finishedLook,
  holding,
  invalidated,
  lookedAgain,
  toBeLookedAt,
  untilRetry,
  unusable,
  usable,
} from './state/store.ts';
import { freshTargets, leftAlone, published, touched, unpublished } from './state/targets.ts';
import { after } from './time.ts';
import { lifeOf } from './token-age.ts';
import { withAuthorisationKnown, withBaseRenewed, withPeersFetch } from './unauthorised.ts';
import { without } from './without.ts';

/** The next state. Pure: the same state, event and context always give the same answer. */
export function apply(state: State, event: Event, context: Context): State {
  const next = withAuthorisationKnown(applied(state, event, context), context.now);
  const store = dated(next.store, context.now);
  return store === next.store ? next : { ...next, store };
}

function applied(state: State, event: Event, context: Context): State {
  const { now } = context;
  switch (event.type) {
    case 'observed':
      return observed(state, event, context);
    case 'unchanged':
      return { ...state, store: lookedAgain(state.store, now) };
    case 'found': {
      const targets = leftAlone(state.targets, event.target, now);
      return withPublished({ ...state, targets }, [event.published], context);
    }
    case 'invalidated':
      return { ...state, store: invalidated(state.store, now) };
    case 'freed':
      return {
        ...state,
        store: usable(invalidated(state.store, now)),
        attempts: unblocked(state.attempts),
      };
    case 'requested':
      return asked(state, event, context);
    case 'authorised': {
      const { sign } = event;
      const isKnown = isExchanged(state, sign.mark) || state.authorisation?.mark === sign.mark;
      // A code that works brings more than what a list says.
      const isLess = 'grant' in sign && codeOf(state.authorisation, now) !== undefined;
      return isKnown || isLess ? state : { ...state, authorisation: authorised(sign, now) };
    }
    case 'code-settled':
      return state.authorisation?.mark === event.mark ? without(state, 'authorisation') : state;
    case 'handed-over': {
      const request = handedOver(state.request, event.reason, state.record.generation, now);
      // It was written into the store.
      const told = { ...state, request, store: usable(state.store) };
      if (event.reason === 'authorised') return without(told, 'authorisation');
      return event.reason === 'refused' ? { ...told, doubts: settled(state.doubts) } : told;
    }
    case 'withdrawn': {
      const { why } = event;
      return { ...state, request: why === 'late' ? closed(state.request) : closed(state.request, why) };
    }
    case 'blocked':
      return {
        ...state,
        attempts: blockedByPeer(state.attempts, context, event.untold ? untilRetry(state.store, now) : 0),
      };
    case 'unstored':
      return { ...state, store: unusable(state.store, event.failure, context) };
    case 'began': {
      const { record, saved, downgraded, follows } = event;
      const store = { ...(saved ? usable(holding(state.store, record)) : state.store), saved };
      // A refresh that waits for another moment goes on waiting for it.
      const reason = reasonToFetch(state, context.policy, now);
      const isRequested = downgraded || reason === 'requested';
      const request = isRequested ? begun(state.request, downgraded, now) : state.request;
      const { authorisation } = state;
      return {
        ...state,
        record,
        store,
        request,
        ...(authorisation && authorisation.mark === follows && { authorisation: sent(authorisation) }),
      };
    }
    case 'fetched':
      return withoutSatisfied(fetched(state, event.answer, event.startedAt, context));
    case 'failed':
      return failed(state, event.failure, context);
    case 'push-starting':
      return { ...state, record: event.record, store: usable(holding(state.store, event.record)) };
    case 'push-started':
      return { ...state, pushed: startAsked(state.pushed, event.failure) };
    case 'answered-late':
      return withLate(state, { outcome: { answer: event.answer }, startedAt: event.startedAt });
    case 'failed-late':
      return withLate(state, { outcome: { failure: event.failure }, startedAt: event.startedAt });
    case 'settled':
      return withoutSatisfied(settleLate(state, context));
    case 'doubted':
      return { ...state, doubts: doubted(state.doubts, now, event.by) };
    case 'probed': {
      const doubts = probed(state.doubts, event.works, context.policy.destructive, now);
      return doubts === state.doubts ? state : { ...state, doubts };
    }
    case 'orphaned':
      return { ...state, life: { ...state.life, orphaned: event.at } };
    case 'base-renewed':
      return withBaseRenewed(state, now);
    case 'timed':
      return timed(state, event.platformDate, context);
    case 'saved': {
      const isCurrent = event.generation === state.record.generation;
      const store = isCurrent ? holding(state.store, state.record) : state.store;
      return { ...state, store: { ...usable(store), saved: isCurrent || store.saved } };
    }
    case 'touched':
      return { ...state, targets: touched(state.targets, event.target) };
    case 'retargeted':
      return { ...state, targets: freshTargets(event.targets) };
    case 'published': {
      const { target, generation, flaw } = event;
      const isCurrent = generation === state.record.token?.generation;
      const end = isCurrent ? state.life.end : event.end;
      const held = { generation, ...(end && { end }), ...(flaw && { flaw }) };
      return { ...state, targets: published(state.targets, target, held, isCurrent, now) };
    }
    case 'unpublished':
      return { ...state, targets: unpublished(state.targets, event.target, event.failure, context) };
  }
}

type Of<Type extends Event['type']> = Extract<Event, { type: Type }>;

function observed(state: State, event: Of<'observed'>, context: Context): State {
  const stored = withPeersFetch(
    state,
    adopt(withFingerprint(state, event.fingerprint), event.record, context),
  );
  const found = event.published ? withPublished(stored, event.published, context) : stored;
  const store = finishedLook(found.store, event);
  // A mirror never writes, so a successful read is its only sign that the store has recovered.
  const isProof = context.policy.follows && event.record;
  return withTicket(withoutExchanged({ ...found, store: isProof ? usable(store) : store }), event.ticket);
}

/** Another daemon may have been pushed the same code, and have exchanged it, or have read the same list. */
function withoutExchanged(state: State): State {
  const { authorisation } = state;
  const isOver = authorisation && (isExchanged(state, authorisation.mark) || isListedAsKnown(state));
  return isOver ? without(state, 'authorisation') : state;
}

function isListedAsKnown({ authorisation, record: { grant, token } }: State): boolean {
  const listed = authorisation?.grant;
  if (!listed || !token || !grant?.refreshToken.equals(listed.refreshToken)) return false;
  return listed.authorisedAt === undefined || token.issuedAt >= listed.authorisedAt;
}

function isExchanged({ record: { grant } }: State, mark: string): boolean {
  return grant?.exchanged === mark;
}

/** Takes over a ticket that has been pushed. A newer one ends the pause after one that was refused. */
function withTicket(state: State, ticket: Of<'observed'>['ticket']): State {
  const pushed = arrived(state.pushed, ticket);
  if (pushed === state.pushed) return state;
  return { ...state, pushed, attempts: ticketReplaced(state.attempts) };
}

/** Somebody wants a refresh: here, or where another daemon has handed it over from. */
function asked(state: State, event: Of<'requested'>, { policy, now }: Context): State {
  if (policy.follows) {
    return { ...state, store: toBeLookedAt(state.store), request: requestedOfMirror(state.request) };
  }
  const strength = policy.manual === 'ordinary' ? 'ordinary' : event.strength;
  if (strength !== 'forced' && isMet(state, event, now)) return state;
  const overrides = policy.destructive && event.strength === 'forced';
  return { ...state, request: requested(state.request, { strength, overrides }) };
}

/** Whether the token that was to go has gone since another daemon was asked for its refresh, or is about to. */
function isMet({ record, attempts }: State, { generation }: Of<'requested'>, now: Context['now']): boolean {
  if (generation === undefined) return false;
  const isUnderWay = record.intent !== undefined && heldFor(attempts, now) === 0;
  return isUnderWay || (record.token?.generation ?? 0) > generation;
}

function withLate(state: State, response: Omit<LateResponse, 'generation'>): State {
  return { ...state, late: { ...response, generation: state.record.generation } };
}

/** Now the age of the token that was found is known. */
function timed(state: State, platformDate: number | undefined, { policy, now }: Context): State {
  const clock: PlatformClock = { ...state.clock, timeAsked: true };
  const { token } = state.record;
  if (platformDate === undefined || !token) return { ...state, clock };
  const known: State = { ...state, clock: setByPlatform(clock, platformDate, now) };
  return {
    ...known,
    life: { ...known.life, end: after(now, lifeOf(token, known, known.record, policy, now)) },
  };
}
