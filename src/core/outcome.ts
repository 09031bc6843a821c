/** What a request to the platform changes: before it is sent, and by what comes of it. */

import { refund, spend } from './budget.ts';
import type { Context } from './context.ts';
import { type Answer, type Fetched, oddAnswer, type Token } from './credential.ts';
import { reasonToFetch } from './due.ts';
import type { Failure } from './failure.ts';
import { lastFailureOf } from './last-failure.ts';
import { relisted } from './listing.ts';
import { kills, type Policy } from './policy.ts';
import { type AccountRecord, withSecret } from './record.ts';
import { failedAttempt } from './state/attempts.ts';
import { afterFailure } from './state/authorisation.ts';
import { ledgerTime, setByPlatform } from './state/clock.ts';
import { liveToken, type State, withToken } from './state/index.ts';
import { standingOf } from './state/late-response.ts';
import { answered, confirmed, doubted, fetchedAnew, lifeLeft, undoubted } from './state/life.ts';
import { unsaved } from './state/store.ts';
import type { Text } from './text.ts';
import { after, type Instant, remaining, SECOND } from './time.ts';
import { birthOf, bootTimeOf } from './token-age.ts';
import { sameAgain, withBreath } from './unchanged-token.ts';
import { without } from './without.ts';

/** The record to make durable before a request: the call is spent, and a destructive one leaves its intent. */
export function begin(state: State, policy: Policy, forced: boolean, now: Instant): AccountRecord {
  const { record } = state;
  const requested = reasonToFetch(state, policy, now) === 'requested';
  return {
    ...record,
    generation: record.generation + 1,
    ledger: spend(record.ledger, forced, ledgerTime(state.clock, now), requested),
    ...(kills(policy, forced) && { intent: { at: now.wall, forced } }),
  };
}

const TOO_SLOW: Text = {
  en: 'took longer to arrive than its token lives',
  zh: '到达时，其中的 token 已经过期',
};

/** The platform answered: with a new token, or with the one that we have. */
export function fetched(
  state: State,
  { grant, listed, ...answer }: Fetched,
  startedAt: Instant,
  context: Context,
): State {
  const { policy, now } = context;
  const birth = birthOf(answer, startedAt, state, policy);
  const end = after(birth, answer.expiresIn * SECOND);
  if (remaining(end, now) <= 0) {
    return failed(state, oddAnswer(TOO_SLOW).failure, context);
  }
  const { platformDate } = answer;
  const record = without(state.record, 'intent', 'lastFailure');
  const generation = record.generation + 1;
  // One that has come since the request left is still to be followed up.
  const followed = isFollowed(state, grant) ? state.authorisation : undefined;
  const next: State = {
    ...(followed ? without(state, 'authorisation') : state),
    record: {
      ...record,
      generation,
      secrets: withSecret(record.secrets, state.fingerprint),
      // An answer that grants nothing says nothing of what was granted before.
      ...(grant && { grant: followed ? { ...grant, exchanged: followed.mark } : grant }),
      ...(listed && {
        listing: relisted(
          state.record.listing,
          listed,
          answer.platformDate ?? startedAt.wall,
          policy.absence,
        ),
      }),
    },
    store: unsaved(state.store),
    life: answered(fetchedAnew(undoubted(state.life)), now),
    clock: platformDate === undefined ? state.clock : setByPlatform(state.clock, platformDate, now),
  };
  const token: Token = {
    ...answer,
    issuedAt: birth.wall,
    expiresAt: end.wall,
    generation,
    ...bootTimeOf(birth),
    ...(birth.unwitnessed && { unwitnessed: true }),
    ...(hasReplaced(state, answer, context) && { replaced: true }),
  };
  const settled = record.token?.value.equals(answer.value)
    ? sameAgain(next, record.token, token, end, context)
    : withBreath(withToken(next, token, end, context), context);
  return { ...settled, life: confirmed(settled.life, startedAt) };
}

/**
 * Whether readers may hold a token that this answer replaces, where the platform keeps two tokens. The same token in
 * another answer replaces what it replaced before.
 */
function hasReplaced(state: State, { value }: Answer, { policy, now }: Context): boolean {
  const { token } = state.record;
  if (!policy.destructive || !token) return false;
  return token.value.equals(value) ? token.replaced === true : liveToken(state, now) !== undefined;
}

/** The attempt failed. Unless the platform may have acted all the same, its intent is settled. */
export function failed(state: State, failure: Failure, context: Context): State {
  const { policy, now } = context;
  const attempts = failedAttempt(state.attempts, failure, lifeLeft(state.life, now), context);
  const next = withAuthorisation({ ...state, attempts, store: unsaved(state.store) }, failure, now);
  const lastFailure = lastFailureOf(next, failure, context);
  const record = { ...next.record, generation: state.record.generation + 1, lastFailure };
  if (failure.effect === 'unknown') {
    return { ...next, record, life: doubted(state.life, record.intent, policy.overlap, now) };
  }
  const ledger = failure.effect === 'unsent' ? refund(record.ledger) : record.ledger;
  return { ...next, record: { ...without(record, 'intent'), ledger }, life: undoubted(state.life) };
}

/** Whether an answer follows up what is known of an authorisation: it was sent, or what it granted is what the answer has. */
function isFollowed({ authorisation }: State, answered: Fetched['grant']): boolean {
  const listed = authorisation?.grant?.refreshToken;
  return authorisation?.isSent === true || (listed && answered?.refreshToken.equals(listed)) === true;
}

/** The other daemons of the account are to know of a code that works no more, as far as there is a place to say so. */
function withAuthorisation(state: State, failure: Failure, now: Instant): State {
  const { authorisation, record } = state;
  if (!authorisation) return state;
  const left = afterFailure(authorisation, failure, now);
  const isSpent = failure.spendsCode && authorisation.isSent && record.grant && !left;
  return {
    ...(left ? { ...state, authorisation: left } : without(state, 'authorisation')),
    record:
      isSpent && record.grant
        ? { ...record, grant: { ...record.grant, exchanged: authorisation.mark } }
        : record,
  };
}

/**
 * Decides, under the lock and after a look, about a response that came when the lock had been lost. Where nobody can
 * tell whether the token that the store holds has been killed, that token is not to be trusted, and one more fetch
 * settles it.
 */
export function settleLate(state: State, context: Context): State {
  const { late } = state;
  if (!late) return state;
  const rest = without(state, 'late');
  const { outcome, startedAt } = late;
  const { record } = state;
  switch (standingOf(late, record.token, context.policy)) {
    case 'newest':
      return 'answer' in outcome
        ? fetched(rest, outcome.answer, startedAt, context)
        : failed(rest, outcome.failure, context);
    case 'superseded':
      return rest;
    case 'unknown': {
      const intent = { at: context.now.wall, forced: false };
      const doubtful = { ...record, generation: record.generation + 1, intent };
      return { ...rest, record: doubtful, store: unsaved(state.store) };
    }
  }
}
