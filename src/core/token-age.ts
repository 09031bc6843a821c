/** How old a token is: one that was found in the store, and one that has just come. */
import type { Answer, BootTime, Token } from './credential.ts';
import type { Policy } from './policy.ts';
import { type AccountRecord, ONE_FETCH } from './record.ts';
import { platformTime } from './state/clock.ts';
import type { State } from './state/index.ts';
import { type Instant, MINUTE, SECOND } from './time.ts';

/** Clocks that are right differ by less than this, ms. */
const SKEW = MINUTE;

/**
 * The life that a token which was found in the store has left, ms. A token whose age nobody can tell is in use, so it
 * counts as due now and not yet dead.
 */
export function lifeOf(
  token: Token,
  state: State,
  record: AccountRecord,
  { window, follows }: Policy,
  now: Instant,
): number {
  const whole = token.expiresIn * SECOND;
  // A token that appears before a mirror may be of any age: its source was made anew, or has another writer now.
  const greatest = follows ? Number.POSITIVE_INFINITY : greatestAge(state, record, now);
  const age = ageOf(token, state, greatest, now);
  return age === undefined ? Math.min(window, whole) : whole - age;
}

/**
 * The age of a token, ms, and never less than its real age as far as any clock can tell; undefined when no clock can.
 * It is exact where this process has learnt the platform's time. Otherwise it is by whichever clock makes the token
 * older, since a clock that was set back, or that stood still under a suspended machine, makes it younger.
 * @param greatest the greatest age that the token can have, whatever clocks say, ms
 */
function ageOf(token: Token, { clock }: State, greatest: number, now: Instant): number | undefined {
  const isExact = clock.certain && token.platformDate !== undefined;
  const ages = isExact
    ? [platformTime(clock, now) - token.platformDate]
    : agesByClocks(token, now).filter((age) => age > -SKEW);
  const oldest = ages.length > 0 ? Math.max(0, ...ages) : Number.POSITIVE_INFINITY;
  const age = Math.min(oldest, greatest);
  return Number.isFinite(age) ? age : undefined;
}

/** The age of a token by each clock, ms. A clock that says that the token comes from the future is wrong. */
function agesByClocks(
  { issuedAt, platformDate, bootTime }: Token,
  { wall, monotonic, boot }: Instant,
): number[] {
  const age = wall - issuedAt;
  // The token came since this machine started. Then there is a clock that nobody sets, and the platform's time adds
  // nothing.
  if (bootTime && bootTime.boot === boot) return [monotonic - bootTime.at, age];
  return platformDate === undefined ? [age] : [wall - platformDate, age];
}

/**
 * The greatest age of a token that appeared while we watched, whatever clocks say, ms: when we last looked, the record
 * was the one before, and its last write brought the token. It is infinite where that cannot be said, and when the
 * clock was set or the machine slept meanwhile.
 */
function greatestAge(
  { store: { seenAt }, record: before }: State,
  record: AccountRecord,
  now: Instant,
): number {
  const { generation, token } = record;
  const isNew = token !== undefined && token.generation !== before.token?.generation;
  const follows = token?.generation === generation && generation <= before.generation + ONE_FETCH;
  if (!seenAt || !isNew || !follows) return Number.POSITIVE_INFINITY;
  const passed = now.monotonic - seenAt.monotonic;
  const steady = Math.abs(now.wall - seenAt.wall - passed) < 2 * SECOND;
  return steady ? passed + SKEW : Number.POSITIVE_INFINITY;
}

/** The latest moment at which a value that has just come for the first time can have been made. */
interface Birth extends Instant {
  /** Nobody saw the value before it, so it may be of any age. */
  readonly unwitnessed?: true;
}

/**
 * When the value of an answer was made. Where `expires_in` is always the full life, that life counts from the moment at
 * which the platform changed the value. Only a daemon that saw the value before it knows when that was: not before the
 * last time that the old value came back. A value that a daemon meets without that may be of any age.
 */
export function birthOf({ expiresIn }: Answer, startedAt: Instant, state: State, policy: Policy): Birth {
  if (policy.repeats !== 'with-whole-life') return startedAt;
  const { confirmedAt } = state.life;
  const unseen = startedAt.monotonic - (confirmedAt ?? Number.NEGATIVE_INFINITY);
  // The value may have changed more than once meanwhile, or nobody looked at all.
  if (unseen >= (expiresIn * SECOND) / 2) return { ...startedAt, unwitnessed: true };
  return { ...startedAt, wall: startedAt.wall - unseen, monotonic: startedAt.monotonic - unseen };
}

/** A birth on the monotonic clock, for daemons that run on the same start of the same machine. */
export function bootTimeOf({ boot, monotonic }: Instant): { readonly bootTime?: BootTime } {
  return boot === undefined ? {} : { bootTime: { boot, at: Math.round(monotonic) } };
}
