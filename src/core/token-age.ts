import type { Token } from './credential.ts';
import type { Policy } from './policy.ts';
import { type AccountRecord, ONE_FETCH } from './record.ts';
import { platformTime } from './state/clock.ts';
import type { State } from './state/index.ts';
import { type Instant, MINUTE, SECOND } from './time.ts';

/** Clocks that are right differ by less than that, in ms. */
const SKEW = MINUTE;

/**
 * What a token that was found in the store has left, in ms. Of one whose age nobody can tell we know that it is in use:
 * due now, and not yet dead.
 */
export function lifeOf(
  token: Token,
  state: State,
  record: AccountRecord,
  { window, follows }: Policy,
  now: Instant,
): number {
  const whole = token.expiresIn * SECOND;
  // What a mirror sees appear may be of any age: its source was made anew, or has another writer now.
  const greatest = follows ? Number.POSITIVE_INFINITY : greatestAge(state, record, now);
  const age = ageOf(token, state, greatest, now);
  return age === undefined ? Math.min(window, whole) : whole - age;
}

/**
 * The age of a token, in ms, and never less than it is as far as any clock can tell;
 * undefined when none can. Exact where this process has learnt the platform's time; otherwise by whichever clock makes
 * it older, since one that was set back, or stood still under a suspended machine, makes it younger.
 * @param greatest that it can have, whatever clocks say
 */
function ageOf(token: Token, { clock }: State, greatest: number, now: Instant): number | undefined {
  const isExact = clock.anchor.certain && token.platformDate !== undefined;
  const ages = isExact
    ? [platformTime(clock, now) - token.platformDate]
    : agesByClocks(token, now).filter((age) => age > -SKEW);
  const oldest = ages.length > 0 ? Math.max(0, ...ages) : Number.POSITIVE_INFINITY;
  const age = Math.min(oldest, greatest);
  return Number.isFinite(age) ? age : undefined;
}

/** What each clock says; one that says that the token comes from the future is wrong. */
function agesByClocks(
  { issuedAt, platformDate, bootTime }: Token,
  { wall, monotonic, boot }: Instant,
): number[] {
  const age = wall - issuedAt;
  // Written since this machine started: then there is a clock that nobody sets, and the platform's time adds nothing.
  if (bootTime && bootTime.boot === boot) return [monotonic - bootTime.at, age];
  return platformDate === undefined ? [age] : [wall - platformDate, age];
}

/**
 * The greatest age that a token can have which appeared while we watched, whatever clocks say: when we looked last the
 * record was the one before, and its last write brought the token. Endless where that cannot be said, and when the
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
