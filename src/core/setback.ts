import { type Failure, PASSING } from './failure.ts';
import { type Context, ledgerTimeOf, type State } from './state.ts';

/**
 * The platform's last no to this account, durable: all daemons of the account keep the pause that it asks for, and a
 * restart does not forget it. Epoch ms by the ledger's time.
 */
export interface Setback {
  readonly failure: Omit<Failure, 'backoff' | 'effect'>;
  /** Of the secret that was refused. */
  readonly fingerprint?: string;
  readonly at: number;
  readonly until: number;
}

/** What is to be remembered of a failure; nothing of one that says nothing about the account, such as a cut cable. */
export function setbackOf(state: State, failure: Failure, context: Context): Setback | undefined {
  if (failure.class === 'passing' || !state.hold) return undefined;
  const { backoff: _ours, effect: _none, ...told } = failure;
  const { at } = ledgerTimeOf(state, context.now);
  const wait = Math.max(0, state.hold.until - context.now.monotonic);
  return {
    failure: told,
    ...(state.fingerprint !== undefined && { fingerprint: state.fingerprint }),
    at,
    until: Math.round(at + wait),
  };
}

/**
 * Keeps the pause of a no that the platform gave to another daemon, or to the life before this one. After a restart a
 * refusal is tried again: someone may have mended what was refused; a used-up allowance comes back by itself.
 */
export function withSetback(before: State, known: State, { now }: Context): State {
  const { setback } = known.record;
  if (!setback || setback.at === before.record.setback?.at) return known;
  const { failure, fingerprint, at, until } = setback;
  const isOurSecret = fingerprint === undefined || fingerprint === (known.fingerprint ?? fingerprint);
  const isRestart = before.record.generation === 0;
  if (!isOurSecret || (isRestart && failure.class === 'refused')) return known;
  // Never longer than it was meant, whatever clocks or a damaged file claim.
  const wait = Math.min(until - ledgerTimeOf(known, now).at, until - at);
  if (wait <= 0 || (known.hold?.until ?? 0) >= now.monotonic + wait) return known;
  return {
    ...known,
    failure: { ...failure, effect: 'none', backoff: PASSING },
    failures: Math.max(1, known.failures),
    hold: { why: 'backoff', until: now.monotonic + wait },
  };
}
