/**
 * What is published is evidence, like the record: whichever of both is newer wins. A record may lag behind (its folder
 * could not be written when the token came), lie elsewhere or be lost, and another program may have published a newer
 * token. An older token is never put over a newer one.
 */
import type { Context } from './context.ts';
import type { Token } from './credential.ts';
import type { AccountRecord } from './record.ts';
import { doubtedByTarget } from './state/doubts.ts';
import { liveToken, type State, withToken } from './state/index.ts';
import { undoubted } from './state/life.ts';
import { UNREAD_STORE, unsaved } from './state/store.ts';
import { after, type Instant, MINUTE, SECOND } from './time.ts';
import { lifeOf } from './token-age.ts';
import { without } from './without.ts';

/** A token as a target holds it. Its generation is 0 where the target does not tell it. */
export interface Published {
  readonly token: Token;
  /**
   * It is not known whose token it is, or how old: the value was found alone, and all that is known is that it was
   * written at `issuedAt`; or its details do not tell the account. Such a token is never taken over. It only makes the
   * platform be asked which token is the newest.
   */
  readonly isBare?: true;
}

/** What a found token is in relation to ours; `same` for the same value from a record that is no older than ours. */
export type Precedence = 'newer' | 'same' | 'older';

/**
 * Tolerance for comparing times of two sources, ms: hosts of one platform disagree slightly, and both the `Date` header
 * and the details of a token count whole seconds.
 */
const SAME_TIME = 5 * SECOND;

/** Clocks that are right differ by less than this, ms. */
const SKEW = MINUTE;

/**
 * Compares a token that a target holds with ours. The two may come from different stores, whose generations are
 * unrelated: pods with private state count separately. So the `Date` of the platform decides first, the one clock that
 * all daemons share; then the generations, and where the target tells none, the times at which the tokens came.
 * @param wall epoch ms; tells only whether a token that is newer by its generation or its time alone is still alive
 */
export function precedenceOf({ token: found, isBare }: Published, ours: Token, wall: number): Precedence {
  // Of a value without its details nothing is as good as what we would write.
  if (found.value.equals(ours.value)) return !isBare && isNoOlderRecord(found, ours) ? 'same' : 'older';
  const ahead = (found.platformDate ?? Number.NaN) - (ours.platformDate ?? Number.NaN);
  // While our token is alive, no daemon can have fetched one after its end. A token that claims so, or that comes from
  // the future, would block ours for ever.
  const farthest = Math.max(ours.expiresIn * SECOND, wall - ours.issuedAt) + SAME_TIME;
  if (ahead > SAME_TIME) return ahead <= farthest ? 'newer' : 'older';
  if (ahead < -SAME_TIME) return 'older';
  // The same check by the clocks of the daemons, for tokens without a date of the platform.
  if (found.issuedAt - ours.issuedAt > farthest || found.expiresAt <= wall) return 'older';
  const isNewer =
    found.generation > 0 ? found.generation > ours.generation : found.issuedAt > ours.issuedAt + SAME_TIME;
  return isNewer ? 'newer' : 'older';
}

/**
 * Of one token, what the younger record says of it stays. Of two records of one generation, which do not know of each
 * other, it is what says the earlier end: otherwise two daemons would overwrite each other for ever.
 */
function isNoOlderRecord(found: Token, ours: Token): boolean {
  return (
    found.generation > ours.generation ||
    (found.generation === ours.generation && found.expiresAt <= ours.expiresAt)
  );
}

/** {@link precedenceOf}, where a token that has no life left, by any clock, is older than any of ours. */
export function weigh(found: Published, ours: Token, state: State, context: Context): Precedence {
  if (found.isBare && (context.policy.follows || isConfirmedAfter(found, state, context.now))) return 'older';
  const precedence = precedenceOf(found, ours, context.now.wall);
  return precedence === 'newer' && lifeOfPublished(found, state, context) <= 0 ? 'older' : precedence;
}

/** Whether the platform has handed out our token, as the newest, after the value was written. */
function isConfirmedAfter({ token }: Published, { life: { confirmedAt } }: State, now: Instant): boolean {
  return confirmedAt !== undefined && now.wall - (now.monotonic - confirmedAt) > token.issuedAt;
}

/**
 * Takes over the newest token that the targets hold, if it is newer than that of the record: the record is then made
 * from it. Of a value alone it can only be doubted that our token is the newest. A mirror takes over nothing, because
 * its source alone decides.
 */
export function withPublished(state: State, found: readonly Published[], context: Context): State {
  if (context.policy.follows) return state;
  const known = withNewest(
    state,
    found.filter(({ isBare }) => !isBare),
    context,
  );
  const ours = liveToken(known, context.now);
  const isDoubtful = ours && found.some((one) => one.isBare && weigh(one, ours, known, context) === 'newer');
  // A value alone may be anything. The token that we have is good as far as we know, so the platform is asked first.
  return isDoubtful ? { ...known, doubts: doubtedByTarget(known.doubts, context.now) } : known;
}

function withNewest(state: State, found: readonly Published[], context: Context): State {
  const { record } = state;
  let newest: Published | undefined;
  for (const one of found) {
    const before = newest?.token ?? record.token;
    const isNewer = before
      ? weigh(one, before, state, context) === 'newer'
      : lifeOfPublished(one, state, context) > 0 && one.token.issuedAt <= context.now.wall + SKEW;
    if (isNewer) newest = one;
  }
  return newest ? taken(state, newest, context) : state;
}

function taken(state: State, found: Published, context: Context): State {
  const end = after(context.now, lifeOfPublished(found, state, context));
  const generation = Math.max(state.record.generation + 1, found.token.generation);
  const token: Token = {
    ...found.token,
    generation,
    expiresAt: Math.min(found.token.expiresAt, end.wall),
  };
  const record = { ...withoutPast(state.record, token.issuedAt), generation };
  const life = record.intent ? state.life : undoubted(state.life);
  return withToken({ ...state, record, life, store: unsaved(state.store) }, token, end, context);
}

/** The record without what the token, which came later, has settled. */
function withoutPast(record: AccountRecord, issuedAt: number): AccountRecord {
  const { intent, lastFailure } = record;
  const isSettled = intent === undefined || intent.at <= issuedAt + SECOND;
  const known = isSettled ? without(record, 'intent') : record;
  return lastFailure && lastFailure.at <= issuedAt ? without(known, 'lastFailure') : known;
}

/** The life that a published token has left, ms; of a value alone the most that it can have. */
function lifeOfPublished({ token, isBare }: Published, state: State, { policy, now }: Context): number {
  if (isBare) return token.expiresAt - now.wall;
  // That we looked at the store says nothing of when this token came.
  return lifeOf(token, { ...state, store: UNREAD_STORE }, state.record, policy, now);
}
