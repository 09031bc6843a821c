import { refund, spend } from './budget.ts';
import { type Answer, oddAnswer, type Token } from './credential.ts';
import { birthOf, bootTimeOf } from './due.ts';
import type { Failure } from './failure.ts';
import { holdAfter, lastFailureOf } from './last-failure.ts';
import { withDoubt, withToken } from './merge-record.ts';
import { kills, type Policy } from './policy.ts';
import { type AccountRecord, withSecret } from './record.ts';
import { ledgerTime, setByPlatform } from './state/clock.ts';
import type { Context, State } from './state/index.ts';
import { after, type Instant, remaining, SECOND } from './time.ts';
import { sameAgain, withBreath } from './unchanged-token.ts';
import { without } from './without.ts';

/** The record to make durable before a request: the call is spent, and a destructive one leaves its intent. */
export function begin(state: State, policy: Policy, forced: boolean, now: Instant): AccountRecord {
  const { record } = state;
  return {
    ...record,
    generation: record.generation + 1,
    ledger: spend(record.ledger, forced, ledgerTime(state.clock, now)),
    ...(kills(policy, forced) && { intent: { at: now.wall, forced } }),
  };
}

export function fetched(state: State, answer: Answer, startedAt: Instant, context: Context): State {
  const { policy, now, random } = context;
  const birth = birthOf(answer, startedAt, state, policy);
  const end = after(birth, answer.expiresIn * SECOND);
  if (remaining(end, now) <= 0) {
    return failed(state, oddAnswer('took longer to arrive than its token lives').failure, context);
  }
  const record = without(state.record, 'intent', 'lastFailure');
  const { doubt: _settledToo, ...rest } = state;
  const generation = record.generation + 1;
  const next: State = {
    ...rest,
    record: { ...record, generation, secrets: withSecret(record.secrets, state.fingerprint) },
    saved: false,
    askedAt: now.monotonic,
    ...(answer.platformDate !== undefined && {
      clock: setByPlatform(state.clock, answer.platformDate, now),
    }),
  };
  const token: Token = {
    ...answer,
    issuedAt: birth.wall,
    expiresAt: end.wall,
    generation,
    ...bootTimeOf(birth),
    ...(birth.unwitnessed && { unwitnessed: true }),
  };
  const settled = record.token?.value.equals(answer.value)
    ? sameAgain(next, record.token, token, end, context)
    : withBreath(withToken(next, token, end, random), context);
  return { ...settled, confirmedAt: startedAt.monotonic };
}

export function failed(state: State, failure: Failure, context: Context): State {
  const { heard: _others, ...known } = state;
  const tried: State = { ...known, failures: state.failures + 1, failure, blocked: 0 };
  const next: State = { ...tried, hold: holdAfter(tried, failure, context) };
  const lastFailure = lastFailureOf(next, failure, context);
  const record = { ...state.record, generation: state.record.generation + 1, lastFailure };
  if (failure.effect === 'unknown') return withDoubt({ ...next, record, saved: false }, context);
  const { doubt: _settledToo, ...trusted } = next;
  const ledger = failure.effect === 'unsent' ? refund(record.ledger) : record.ledger;
  return { ...trusted, record: { ...without(record, 'intent'), ledger }, saved: false };
}
