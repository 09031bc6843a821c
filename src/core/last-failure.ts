/** The last failure as the record keeps it: what goes into it, and what follows from finding one there. */
import type { Context } from './context.ts';
import type { Failure } from './failure.ts';
import type { LastFailure } from './record.ts';
import { heldFor, paused, peerFailure, peerRecovery } from './state/attempts.ts';
import { ledgerTime } from './state/clock.ts';
import type { State } from './state/index.ts';
import { unauthorisedBy } from './unauthorised.ts';

/**
 * The last failure, as far as it is about the AppSecret that we have now. An AppSecret that WeChat has taken before is
 * not blamed for a wrong one that stood in its place meanwhile.
 */
export function currentFailure({ record, fingerprint }: State): LastFailure | undefined {
  const { lastFailure, secrets } = record;
  const isProven = fingerprint !== undefined && secrets.at(-1) === fingerprint;
  const isOther = lastFailure?.fingerprint !== undefined && lastFailure.fingerprint !== fingerprint;
  return lastFailure?.failure.class === 'refused' && isProven && isOther ? undefined : lastFailure;
}

/** What the record is to remember of a failure. */
export function lastFailureOf(state: State, failure: Failure, { now }: Pick<Context, 'now'>): LastFailure {
  const { lastFailure: before } = state.record;
  const { at } = ledgerTime(state.clock, now);
  const row = { failures: (before?.failures ?? 0) + 1, since: before?.since ?? at };
  const isPassing = failure.class === 'passing';
  // A passing fault is no answer to what the platform said before, so that pause goes on; what it says of the token asked with is.
  if (before && isPassing && !failure.blamesToken && before.until > at) return { ...before, ...row };
  const wait = isPassing ? 0 : heldFor(state.attempts, now);
  const unauthorised = unauthorisedBy(state, failure, at);
  const { backoff: _backoff, effect: _effect, ...told } = failure;
  return {
    failure: told,
    ...(state.fingerprint !== undefined && { fingerprint: state.fingerprint }),
    at,
    until: Math.round(at + wait),
    ...row,
    ...(unauthorised && { unauthorised }),
  };
}

/**
 * Keeps the pause of a no that the platform gave to another daemon, or to the life before this one. After a restart the
 * daemon tries again what was refused, since someone may have mended it. A used-up allowance comes back by itself.
 */
export function withLastFailure(
  before: State,
  known: State,
  { policy, now }: Pick<Context, 'policy' | 'now'>,
): State {
  const { lastFailure } = known.record;
  const { attempts } = known;
  if (policy.follows) {
    return { ...known, attempts: lastFailure ? peerFailure(attempts, lastFailure) : peerRecovery(attempts) };
  }
  if (!lastFailure || lastFailure.at === before.record.lastFailure?.at) return known;
  const { failure, fingerprint, at, until } = lastFailure;
  const isOurSecret = fingerprint === undefined || fingerprint === (known.fingerprint ?? fingerprint);
  const isRestart = before.record.generation === 0;
  if (!isOurSecret || (isRestart && failure.class === 'refused')) return known;
  // Never longer than it was meant, whatever clocks or a damaged file claim.
  const wait = Math.min(until - ledgerTime(known.clock, now).at, until - at);
  if (wait <= 0 || (attempts.hold?.until ?? 0) >= now.monotonic + wait) return known;
  return { ...known, attempts: paused(peerFailure(attempts, lastFailure), 'backoff', wait, now) };
}
