import type { SharedEdges } from '../../app/unit.ts';
import { mirrorAccount } from '../../codec/secret-layout.ts';
import type { Config } from '../../config/config.ts';
import type { StateFolder } from '../../coordination/folder/state-folder.ts';
import { apply } from '../../core/apply.ts';
import type { Token } from '../../core/credential.ts';
import { pauseBefore } from '../../core/due.ts';
import type { Policy } from '../../core/policy.ts';
import type { AccountStore, Unit } from '../../core/ports.ts';
import { type AccountRecord, emptyRecord } from '../../core/record.ts';
import { initialState, type State } from '../../core/state/index.ts';
import { after, type Deadline, type Instant, MINUTE, remaining } from '../../core/time.ts';
import { graceOf } from '../../core/unchanged-token.ts';
import { without } from '../../core/without.ts';

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
  const begun = observe(initialState(account, targets, then, DRAW), withoutLastFailure(record), then);
  return observe(begun, record, now);
}

/** When the daemon last asked the platform, as far as the record tells. */
function lastSign(record: AccountRecord | undefined, now: Instant): Instant {
  const wall = Math.max(record?.ledger.lastFetch ?? 0, record?.token?.issuedAt ?? 0);
  if (wall === 0 || wall > now.wall) return now;
  return { ...now, wall, monotonic: now.monotonic - (now.wall - wall) };
}

function withoutLastFailure(record: AccountRecord | undefined): AccountRecord | undefined {
  return record && without(record, 'lastFailure');
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
  const known = without(record ?? emptyRecord(account, now.wall), 'intent', 'lastFailure');
  const generation = known.generation + 1;
  return { ...known, generation, token: { ...newest, generation } };
}

/** Times in files are whole seconds, and may have been corrected. */
function isLater(token: Token, than: Token): boolean {
  return !token.value.equals(than.value) && token.issuedAt > than.issuedAt + MINUTE;
}

/**
 * What comes back until it ends outlives its computed end by a few seconds whenever it changes, and in the daemon's
 * memory alone is noted until when it counts as alive. The same from the record: for as long after the last time that it
 * was asked for, unless that failed for more than a moment.
 */
export function withGrace(state: State, policy: Policy, now: Instant): State {
  const { token } = state.record;
  const hasEnded = state.life.end !== undefined && remaining(state.life.end, now) <= 0;
  if (!policy.repeats || !token || !hasEnded) return state;
  // Of what tells its rest the whole life is not known.
  const alive = aliveUntil(state, token, policy.repeats === 'with-rest' ? MINUTE : graceOf(token), now);
  return alive ? { ...state, life: { ...state.life, alive } } : state;
}

function aliveUntil(
  { record, life: { end } }: State,
  token: Token,
  grace: number,
  now: Instant,
): Deadline | undefined {
  const { ledger, lastFailure } = record;
  if (!end) return undefined;
  if (lastFailure) {
    // What was asked for shortly before the end came back; since then nothing has.
    const isLater = lastFailure.failure.class === 'passing' && lastFailure.since >= end.wall;
    return isLater ? after(instantOf(lastFailure.since, now), grace) : undefined;
  }
  const { lastFetch = 0 } = ledger;
  const isPast = lastFetch <= now.wall;
  const asked = instantOf(Math.max(isPast ? lastFetch : 0, end.wall), now);
  return after(asked, pauseBefore(end, token, asked) + grace);
}

function instantOf(wall: number, now: Instant): Instant {
  return { wall, monotonic: now.monotonic - (now.wall - wall) };
}

/** One whose record lies in a Secret. */
const ELSEWHERE: AccountStore = {
  read: async () => undefined,
  write: () => Promise.reject(new TypeError('whoever only looks writes nothing')),
  lock: async () => undefined,
};

/** The stores of a daemon, as far as they lie on the disk. No API server is asked. */
export function storesOnDisk(
  { cluster }: Pick<Config, 'cluster'>,
  folder: StateFolder,
): SharedEdges['stores'] {
  return {
    open: (account) => (cluster ? ELSEWHERE : folder.open(account)),
    async mirror(source, kind) {
      const account = mirrorAccount(source, source.credential, kind);
      return { account, store: { ...ELSEWHERE, source: () => ({ type: 'mirror', appId: '' }) } };
    },
  };
}
