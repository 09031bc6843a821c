import { withDoubt, withToken } from './adopt.ts';
import { type Backoff, backoffDelay } from './backoff.ts';
import { type Answer, oddAnswer, type Token } from './credential.ts';
import type { Failure } from './failure.ts';
import { refund, spend } from './quota.ts';
import type { AccountRecord } from './record.ts';
import { type Context, type Policy, type State, withTargetsDue } from './state.ts';
import { after, type Deadline, type Instant, MINUTE, remaining, SECOND } from './time.ts';

/** `expires_in` counts whole seconds, so one and the same end is computed within one or two of them. */
const SAME_END = 2 * SECOND;

/** The record to make durable before a request: the call is spent, and a destructive one leaves its intent. */
export function begin(record: AccountRecord, policy: Policy, forced: boolean, now: Instant): AccountRecord {
  return {
    ...record,
    generation: record.generation + 1,
    ledger: spend(record.ledger, forced, now.wall),
    ...((policy.destructive || forced) && { intent: { at: now.wall, forced } }),
  };
}

export function fetched(state: State, answer: Answer, startedAt: Instant, context: Context): State {
  const end = after(startedAt, answer.expiresIn * 1000);
  if (remaining(end, context.now) <= 0) {
    return failed(state, oddAnswer('took longer to arrive than its token lives').failure, context);
  }
  const { intent: _settled, ...record } = state.record;
  const { doubt: _settledToo, ...rest } = state;
  const generation = record.generation + 1;
  const token: Token = { ...answer, issuedAt: startedAt.wall, expiresAt: end.wall, generation };
  const next: State = { ...rest, record: { ...record, generation }, saved: false };
  return record.token?.value.equals(answer.value)
    ? unready(next, record.token, token, end, context)
    : withToken(next, token, end, context.random);
}

/** The same token again is not progress: it corrects what is believed of its end, and the platform gets a pause. */
function unready(
  state: State,
  known: Token,
  again: Token,
  end: Deadline,
  { policy, now, random }: Context,
): State {
  const { failure: _over, ...rest } = state;
  const token = Math.abs(known.expiresAt - again.expiresAt) > SAME_END ? again : known;
  const times = state.unready + 1;
  const until = now.monotonic + backoffDelay(patience(policy), times, random);
  const next: State = {
    ...rest,
    record: { ...state.record, token },
    end,
    failures: 0,
    blocked: 0,
    unready: times,
    hold: { why: 'unready', until },
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
  const failures = state.failures + 1;
  const until = context.now.monotonic + backoffDelay(failure.backoff, failures, context.random);
  const next: State = { ...state, failures, failure, blocked: 0, hold: { why: 'backoff', until } };
  if (failure.effect === 'unknown') return withDoubt(next, context);
  const { intent: _settled, ...record } = state.record;
  const { doubt: _settledToo, ...trusted } = next;
  const ledger = failure.effect === 'unsent' ? refund(record.ledger) : record.ledger;
  return { ...trusted, record: { ...record, generation: record.generation + 1, ledger }, saved: false };
}
