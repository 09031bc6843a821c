import { type Failure, PASSING } from './failure.ts';
import { type Context, ledgerTimeOf, type State } from './state.ts';

/**
 * The last attempt that failed, durable until one succeeds: whoever looks at the record sees what is wrong. After a no of
 * the platform all daemons of the account keep the pause that it asks for, and a restart does not forget it. Epoch ms by
 * the ledger's time.
 */
export interface Setback {
  readonly failure: Omit<Failure, 'backoff' | 'effect'>;
  /** Of the secret that was refused. */
  readonly fingerprint?: string;
  readonly at: number;
  /** When the pause ends; `at` of a failure that says nothing about the account, such as a cut cable. */
  readonly until: number;
  /** Attempts that failed in a row, of all daemons of the account, and when the first of them did. */
  readonly failures: number;
  readonly since: number;
}

/**
 * What the last attempt met, as far as it is about the AppSecret that we have now: one that WeChat has taken before is
 * not blamed for a wrong one that stood in its place meanwhile.
 */
export function currentSetback({ record, fingerprint }: State): Setback | undefined {
  const { setback, secrets } = record;
  const isProven = fingerprint !== undefined && secrets.at(-1) === fingerprint;
  const isOther = setback?.fingerprint !== undefined && setback.fingerprint !== fingerprint;
  return setback?.failure.class === 'refused' && isProven && isOther ? undefined : setback;
}

/** What is to be remembered of a failure. */
export function setbackOf(state: State, failure: Failure, context: Context): Setback {
  const { setback: before } = state.record;
  const { backoff: _ours, effect: _none, ...told } = failure;
  const { at } = ledgerTimeOf(state, context.now);
  const row = { failures: (before?.failures ?? 0) + 1, since: before?.since ?? at };
  const isPassing = failure.class === 'passing';
  // It is no answer to what the platform said before.
  if (before && isPassing && before.until > at) return { ...before, ...row };
  const wait = isPassing ? 0 : Math.max(0, (state.hold?.until ?? 0) - context.now.monotonic);
  return {
    failure: told,
    ...(state.fingerprint !== undefined && { fingerprint: state.fingerprint }),
    at,
    until: Math.round(at + wait),
    ...row,
  };
}

/**
 * Keeps the pause of a no that the platform gave to another daemon, or to the life before this one. After a restart a
 * refusal is tried again: someone may have mended what was refused; a used-up allowance comes back by itself.
 */
export function withSetback(before: State, known: State, { policy, now }: Context): State {
  const { setback } = known.record;
  if (policy.follows) return setback ? withHeard(known, setback) : withoutFailure(known);
  if (!setback || setback.at === before.record.setback?.at) return known;
  const { failure, fingerprint, at, until } = setback;
  const isOurSecret = fingerprint === undefined || fingerprint === (known.fingerprint ?? fingerprint);
  const isRestart = before.record.generation === 0;
  if (!isOurSecret || (isRestart && failure.class === 'refused')) return known;
  // Never longer than it was meant, whatever clocks or a damaged file claim.
  const wait = Math.min(until - ledgerTimeOf(known, now).at, until - at);
  if (wait <= 0 || (known.hold?.until ?? 0) >= now.monotonic + wait) return known;
  return { ...withHeard(known, setback), hold: { why: 'backoff', until: now.monotonic + wait } };
}

/** Another daemon's failure, as if it had been ours. */
export function withHeard(state: State, { failure }: Setback): State {
  const isOurs = state.failure !== undefined && !state.heard;
  return {
    ...state,
    failure: { ...failure, effect: 'none', backoff: PASSING },
    failures: Math.max(1, state.failures),
    ...(!isOurs && { heard: true }),
  };
}

function withoutFailure({ failure: _over, heard: _too, ...state }: State): State {
  return { ...state, failures: 0 };
}
