import type { Event } from './events/event.ts';
import { type Backoff, backoffDelay, type Failure } from './failure.ts';
import { adopt, withFingerprint, withoutSatisfiedRequest } from './merge-record.ts';
import { failed, fetched } from './outcome.ts';
import { handedOver, requested } from './refresh-request.ts';
import { settleOrphan } from './settle-late.ts';
import { type PlatformClock, setByPlatform } from './state/clock.ts';
import type { Context, State } from './state/index.ts';
import { refuse, settled } from './state/reader-reports.ts';
import { freshTargets, type TargetState } from './state/targets.ts';
import { after, type Instant, MINUTE, SECOND } from './time.ts';
import { lifeOf } from './token-age.ts';

const NEVER = Number.NEGATIVE_INFINITY;

/** A published target is looked at again this often, in case someone changed or removed it. */
const RECHECK_TARGET = MINUTE;

/** A store that does not work is tried again at least this often: it may be all that a due fetch waits for. */
const STORE_AGAIN = 30 * SECOND;

/** Waiting for a lock that another daemon holds. */
const BLOCKED: Backoff = { first: 500, growth: 2, cap: 5 * SECOND, jitter: 'full' };

/** The next state. Pure: the same state, event and context always give the same answer. */
export function apply(state: State, event: Event, context: Context): State {
  switch (event.type) {
    case 'observed': {
      const found = adopt(withFingerprint(state, event.fingerprint), event.record, context);
      // What was read may be older than the change that was told of meanwhile.
      const isStale = event.asOf !== undefined && (state.stirredAt ?? NEVER) >= event.asOf;
      const saved = found.saved && !event.isPartial;
      const seen = { ...found, saved, ...(isStale && { lookedAt: NEVER }) };
      // Who only reads has no other proof that the store works again.
      return context.policy.follows && event.record ? withStore(seen) : seen;
    }
    case 'stirred':
      return stirred(state, context.now);
    case 'freed':
      return freed(stirred(state, context.now));
    case 'requested':
      return requested(state, event, context);
    case 'handed-over':
      return handedOver(state, event.reason);
    case 'withdrawn': {
      const { manual: _not, awaited: _neither, ...rest } = state;
      return event.why === 'late' ? rest : { ...rest, declined: event.why };
    }
    case 'blocked':
      return blocked(state, context);
    case 'unstored':
      return unstored(state, event.failure, context);
    case 'began': {
      const { manual: _met, awaited: _ours, ...rest } = event.saved ? withStore(state) : state;
      const begun: State = { ...rest, record: event.record, saved: event.saved };
      return event.demoted ? { ...begun, declined: event.demoted } : begun;
    }
    case 'fetched':
      return withoutSatisfiedRequest(fetched(state, event.answer, event.startedAt, context));
    case 'failed':
      return failed(state, event.failure, context);
    case 'orphaned': {
      const { answer, startedAt } = event;
      return { ...state, orphan: { outcome: { answer }, startedAt, generation: state.record.generation } };
    }
    case 'strayed': {
      const { failure, startedAt } = event;
      return { ...state, orphan: { outcome: { failure }, startedAt, generation: state.record.generation } };
    }
    case 'settled':
      return withoutSatisfiedRequest(settleOrphan(state, context));
    case 'refused':
      return { ...state, refusals: refuse(state.refusals, context.now.monotonic) };
    case 'probed': {
      if (!state.refusals) return state;
      const refusals = event.works
        ? settled(state.refusals)
        : { ...state.refusals, suspicion: 'force' as const };
      return { ...state, refusals };
    }
    case 'timed':
      return timed(state, event.platformDate, context);
    case 'saved':
      return withStore({ ...state, saved: event.generation === state.record.generation || state.saved });
    case 'retargeted':
      return { ...state, targets: freshTargets(event.targets) };
    case 'published': {
      const current = event.generation === state.record.token?.generation;
      const dueAt = current ? context.now.monotonic + RECHECK_TARGET : 0;
      const end = current ? state.end : event.end;
      const target = { generation: event.generation, ...(end && { end }), dueAt, failures: 0 };
      return withTarget(state, event.target, target);
    }
    case 'unpublished':
      return unpublished(state, event.target, event.failure, context);
  }
}

function stirred(state: State, { monotonic }: Instant): State {
  return { ...state, lookedAt: NEVER, stirredAt: monotonic };
}

function freed({ trouble: _over, hold, ...state }: State): State {
  return { ...state, blocked: 0, ...(hold && hold.why !== 'blocked' && { hold }) };
}

function blocked(state: State, { now, random }: Context): State {
  const attempts = state.blocked + 1;
  const until = now.monotonic + backoffDelay(BLOCKED, attempts, random);
  return { ...state, blocked: attempts, hold: { why: 'blocked', until } };
}

function unstored(state: State, failure: Failure, { now, random }: Context): State {
  const failures = (state.trouble?.failures ?? 0) + 1;
  const delay = Math.min(backoffDelay(failure.backoff, failures, random), STORE_AGAIN);
  return { ...state, trouble: { failures, failure, retryAt: now.monotonic + delay } };
}

function withStore({ trouble: _over, ...state }: State): State {
  return state;
}

function unpublished(state: State, id: string, failure: Failure, { now, random }: Context): State {
  const failures = (state.targets[id]?.failures ?? 0) + 1;
  const dueAt = now.monotonic + backoffDelay(failure.backoff, failures, random);
  return withTarget(state, id, { ...state.targets[id], dueAt, failures, failure });
}

/** Now the age of the token that was found is known. */
function timed(state: State, platformDate: number | undefined, { policy, now }: Context): State {
  const clock: PlatformClock = { ...state.clock, timeAsked: true };
  const { token } = state.record;
  if (platformDate === undefined || !token) return { ...state, clock };
  const known: State = { ...state, clock: setByPlatform(clock, platformDate, now) };
  return { ...known, end: after(now, lifeOf(token, known, known.record, policy, now)) };
}

function withTarget(state: State, id: string, target: TargetState): State {
  return { ...state, targets: { ...state.targets, [id]: target } };
}
