import { apply } from '../core/apply.ts';
import type { Token } from '../core/credential.ts';
import type { Unit } from '../core/ports.ts';
import { type AccountRecord, emptyRecord } from '../core/record.ts';
import { initialState, type State } from '../core/state.ts';
import { type Instant, MINUTE } from '../core/time.ts';

/** No place in the spread is better than another. */
export const DRAW = 0.5;

/**
 * What a daemon knows that was there when the record was written and has watched since: not what one believes that
 * starts now, which tries at once what was refused to the one before.
 */
export function watchedState(
  { account, policy, publishers }: Pick<Unit, 'account' | 'policy' | 'publishers'>,
  record: AccountRecord | undefined,
  fingerprint: string | undefined,
  now: Instant,
): State {
  const then = lastSign(record, now);
  const targets = publishers.map(({ id }) => id);
  const ours = fingerprint === undefined ? {} : { fingerprint };
  const observe = (state: State, known: AccountRecord | undefined, at: Instant) =>
    apply(state, { type: 'observed', record: known, ...ours }, { policy, now: at, random: DRAW });
  const begun = observe(initialState(account, targets, then, DRAW), withoutSetback(record), then);
  return observe(begun, record, now);
}

/** When the daemon last asked the platform, as far as the record tells. */
function lastSign(record: AccountRecord | undefined, now: Instant): Instant {
  const wall = Math.max(record?.ledger.lastFetch ?? 0, record?.token?.issuedAt ?? 0);
  if (wall === 0 || wall > now.wall) return now;
  return { ...now, wall, monotonic: now.monotonic - (now.wall - wall) };
}

function withoutSetback(record: AccountRecord | undefined): AccountRecord | undefined {
  if (!record) return undefined;
  const { setback: _later, ...before } = record;
  return before;
}

/**
 * The record, or what the published files tell where that has no token or an older one: a daemon whose state folder
 * does not work goes on publishing.
 */
export function bestRecord(
  account: string,
  record: AccountRecord | undefined,
  published: readonly Token[],
  now: Instant,
): AccountRecord | undefined {
  const newest = published.reduce<Token | undefined>(
    (best, token) => (best && best.issuedAt >= token.issuedAt ? best : token),
    undefined,
  );
  if (!newest || (record?.token && !isLater(newest, record.token))) return record;
  const { intent: _old, setback: _over, ...known } = record ?? emptyRecord(account, now.wall);
  const generation = known.generation + 1;
  return { ...known, generation, token: { ...newest, generation } };
}

/** Times in files are whole seconds, and may have been corrected. */
function isLater(token: Token, than: Token): boolean {
  return !token.value.equals(than.value) && token.issuedAt > than.issuedAt + MINUTE;
}
