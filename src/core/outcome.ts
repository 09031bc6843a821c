import { withDoubt, withToken } from './adopt.ts';
import { type Backoff, backoffDelay } from './backoff.ts';
import { type Answer, oddAnswer, type Token } from './credential.ts';
import type { Failure } from './failure.ts';
import { kills, type Policy } from './policy.ts';
import { refund, spend } from './quota.ts';
import { untilDue } from './reason.ts';
import { type AccountRecord, withSecret } from './record.ts';
import { holdAfter } from './retry.ts';
import { type Context, ledgerTimeOf, type State, withTargetsDue } from './state.ts';
import { after, type Deadline, type Instant, MINUTE, remaining, SECOND } from './time.ts';

/** `expires_in` counts whole seconds, so one and the same end is computed within one or two of them. */
const SAME_END = 2 * SECOND;

/** The record to make durable before a request: the call is spent, and a destructive one leaves its intent. */
export function begin(state: State, policy: Policy, forced: boolean, now: Instant): AccountRecord {
  const { record } = state;
  return {
    ...record,
    generation: record.generation + 1,
    ledger: spend(record.ledger, forced, ledgerTimeOf(state, now)),
    ...(kills(policy, forced) && { intent: { at: now.wall, forced } }),
  };
}

export function fetched(state: State, answer: Answer, startedAt: Instant, context: Context): State {
  const end = after(startedAt, answer.expiresIn * SECOND);
  if (remaining(end, context.now) <= 0) {
    return failed(state, oddAnswer('took longer to arrive than its token lives').failure, context);
  }
  const { intent: _settled, ...record } = state.record;
  const { doubt: _settledToo, ...rest } = state;
  const generation = record.generation + 1;
  const secrets = withSecret(record.secrets, state.fingerprint);
  const token: Token = {
    ...answer,
    issuedAt: startedAt.wall,
    expiresAt: end.wall,
    generation,
    ...bootTimeOf(startedAt),
  };
  const next: State = {
    ...rest,
    record: { ...record, generation, secrets },
    saved: false,
    askedAt: context.now.monotonic,
    ...(answer.platformDate !== undefined && {
      anchor: { date: answer.platformDate, ...context.now, certain: true },
    }),
  };
  return record.token?.value.equals(answer.value)
    ? unready(next, record.token, token, end, context)
    : withBreath(withToken(next, token, end, context.random), context);
}

function bootTimeOf({ boot, monotonic }: Instant): Pick<Token, 'bootTime'> {
  return boot === undefined ? {} : { bootTime: { boot, at: Math.round(monotonic) } };
}

/** However short the lives that the platform hands out, one of them is no reason to ask again at once. */
function withBreath(state: State, { policy, now, random }: Context): State {
  const breath = backoffDelay(patience(policy), 1, random);
  return untilDue(state, policy, now) >= breath
    ? state
    : { ...state, hold: { why: 'unready', until: now.monotonic + breath } };
}

/** The same token again is not progress: it corrects what is believed of its end, and the platform gets a pause. */
function unready(
  state: State,
  known: Token,
  again: Token,
  end: Deadline,
  { policy, now, random }: Context,
): State {
  const { failure: _over, refusals, ...rest } = state;
  const token = Math.abs(known.expiresAt - again.expiresAt) > SAME_END ? again : known;
  const times = state.unready + 1;
  const next: State = {
    ...rest,
    record: { ...state.record, token },
    end,
    failures: 0,
    blocked: 0,
    unready: times,
    hold: { why: 'unready', until: now.monotonic + backoffDelay(patience(policy), times, random) },
    // A reader doubted this very token; an ordinary call could not bring another.
    ...(refusals && {
      refusals: refusals.suspicion === 'ask' ? { ...refusals, suspicion: 'probe' } : refusals,
    }),
  };
  return token === again ? withTargetsDue(next) : next;
}

/** Short beside the window that is left, and bounded where a platform never rotates. */
function patience({ window }: Policy): Backoff {
  return {
    first: Math.min(15 * SECOND, window / 20),
    growth: 1.5,
    cap: Math.min(MINUTE, window / 5),
    jitter: 'added',
  };
}

export function failed(state: State, failure: Failure, context: Context): State {
  const tried: State = { ...state, failures: state.failures + 1, failure, blocked: 0 };
  const next: State = { ...tried, hold: holdAfter(tried, failure, context) };
  if (failure.effect === 'unknown') return withDoubt(next, context);
  const { intent: _settled, ...record } = state.record;
  const { doubt: _settledToo, ...trusted } = next;
  const ledger = failure.effect === 'unsent' ? refund(record.ledger) : record.ledger;
  return { ...trusted, record: { ...record, generation: record.generation + 1, ledger }, saved: false };
}
