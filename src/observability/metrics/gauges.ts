import { spent } from '../../core/budget.ts';
import { currentFailure } from '../../core/last-failure.ts';
import { listedName } from '../../core/listing.ts';
import type { View } from '../../core/plan.ts';
import { servedLife } from '../../core/readiness.ts';
import { ledgerTime } from '../../core/state/clock.ts';
import type { State } from '../../core/state/index.ts';
import { lifeLeft } from '../../core/state/life.ts';
import { type Instant, SECOND } from '../../core/time.ts';
import { stateErrorOf } from '../status/unwritten.ts';
import type { Family, Sample } from './exposition.ts';
import { credentialLabel } from './labels.ts';

/** The values of one unit, by their labels besides the credential's name; an undefined value has no series. */
type Reading = readonly (readonly [Readonly<Record<string, string>>, number | undefined])[];

/** The gauges that are computed at each scrape from the current views. */
export function gauges(all: () => Iterable<View>, now: Instant): readonly Family[] {
  // An account that its list lacks is expected to be dead: it must not hide how the others stand.
  const unlisted = unlistedNames(all());

  function gauge(
    name: string,
    help: string,
    read: (view: View) => Reading,
    worst: (...values: number[]) => number = Math.max,
  ): Family {
    function* samples() {
      /** Of accounts that share a series, the worst value is the one to be told. */
      const shared = new Map<string, Sample>();
      for (const view of all()) {
        // That there is nothing to tell of this one takes its time as well.
        yield undefined;
        if (unlisted.has(view.unit.name)) continue;
        const credential = credentialLabel(view.unit);
        for (const [labels, value] of read(view)) {
          if (value === undefined) continue;
          const sample = { labels: { credential, ...labels }, value };
          if (view.unit.listedBy === undefined) yield sample;
          else {
            const key = JSON.stringify(sample.labels);
            const known = shared.get(key);
            shared.set(key, known ? { ...known, value: worst(known.value, value) } : sample);
          }
        }
      }
      yield* shared.values();
    }
    return { name: `wx_token_${name}`, help, type: 'gauge', samples };
  }

  return [
    gauge(
      'expires_timestamp_seconds',
      'When the newest token ends, epoch seconds.',
      (view) => one(view, endOf(view.state, now)),
      Math.min,
    ),
    gauge(
      'last_success_timestamp_seconds',
      'When the platform last handed out the token that is there, epoch seconds.',
      (view) => one(view, lastSuccess(view.state, now)),
      Math.min,
    ),
    // Not the state's own count: it also counts waiting for a neighbour's fetch like a failure.
    gauge(
      'consecutive_failures',
      'Failed attempts since the last success, of all daemons that share the account.',
      (view) => one(view, currentFailure(view.state)?.failures ?? 0),
    ),
    gauge(
      'quota_used',
      'Calls of the last 24 hours, of all daemons that share the account; those of a ticket are called KIND_fetches.',
      ({ unit, state }) => budgets(unit.kind, spent(state.record.ledger, ledgerTime(state.clock, now))),
    ),
    gauge('quota_limit', 'Calls that the budget allows in 24 hours.', ({ unit }) => {
      const { fetchesPerDay, forcedPerDay } = unit.policy.budget;
      return budgets(unit.kind, { fetches: fetchesPerDay, forced: forcedPerDay });
    }),
    gauge(
      'pushed_ticket_timestamp_seconds',
      'When the newest ticket was pushed with which the token is fetched, epoch seconds; 0 while none has been.',
      pushedAt,
    ),
    gauge(
      'pushed_ticket_limit_seconds',
      'The age of a pushed ticket from which on pushes have stopped (quiet), or it is about to end (ending).',
      pushLimits,
    ),
    gauge(
      'record_unwritten_timestamp_seconds',
      'Since when the record cannot be written, epoch seconds, and what a restart now would cost.',
      (view) => unwrittenSince(view, now),
      Math.min,
    ),
    gauge(
      'follower_last_sync_timestamp_seconds',
      'When the shared state was last known, epoch seconds.',
      (view) => (view.unit.kind === 'token' ? [[{}, lastSync(view, now)]] : []),
      Math.min,
    ),
    accountsFamily(all, unlisted, now),
    gauge(
      'accounts_unlisted',
      'Accounts that the last whole list lacked, and that are not forgotten yet.',
      ({ state: { record } }) =>
        record.listing
          ? [[{}, Object.values(record.listing.accounts).filter((since) => since > 0).length]]
          : [],
    ),
  ];
}

/** The names of the accounts that the last whole list of their entry lacked. */
function unlistedNames(views: Iterable<View>): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { unit, state } of views) {
    // Most are no list, and there may be thousands.
    if (!unit.listed || !state.record.listing) continue;
    for (const [id, since] of Object.entries(state.record.listing.accounts))
      if (since > 0) names.add(listedName(unit.name, id));
  }
  return names;
}

/** How the accounts of each list stand, as those see it who read what is published for them. */
function accountsFamily(all: () => Iterable<View>, unlisted: ReadonlySet<string>, now: Instant): Family {
  function* samples() {
    for (const { unit } of all()) {
      yield undefined;
      if (!unit.listed) continue;
      const counts = { fresh: 0, dead: 0, missing: 0 };
      for (const { state, unit: account } of all()) {
        if (account.listedBy !== unit.name || account.kind !== 'token') continue;
        const life = servedLife(state, account.policy, now);
        const standing = life === undefined ? 'missing' : life > 0 ? 'fresh' : 'dead';
        // One that the list lacks is on its way out, and is not counted but as dead.
        if (standing === 'dead' || !unlisted.has(account.name)) counts[standing] += 1;
      }
      for (const [state, value] of Object.entries(counts))
        yield { labels: { credential: unit.name, state }, value };
    }
  }
  const help = 'Accounts that are served as the platform lists them, by how what is published stands.';
  return { name: 'wx_token_accounts', help, type: 'gauge', samples };
}

/** Only third parties are pushed a ticket. */
function pushedAt({ unit, state: { pushed } }: View): Reading {
  return unit.policy.pushes ? [[{}, Math.floor((pushed.ticket?.createdAt ?? 0) / SECOND)]] : [];
}

function pushLimits({ unit: { policy } }: View): Reading {
  if (!policy.pushes) return [];
  const { quietAfter, endingAfter } = policy.pushes;
  return [
    [{ limit: 'quiet' }, quietAfter / SECOND],
    [{ limit: 'ending' }, endingAfter / SECOND],
  ];
}

/** A mirror has no record of its own to write. */
function unwrittenSince(view: View, now: Instant): Reading {
  const { since, restart_costs: restart } = stateErrorOf(view, now) ?? {};
  if (since === undefined || restart === undefined || restart === 'source') return [];
  return [[{ kind: view.unit.kind, restart }, since]];
}

function one({ unit }: View, value: number | undefined): Reading {
  return [[{ kind: unit.kind }, value]];
}

function budgets(kind: string, { fetches, forced }: { readonly fetches: number; readonly forced: number }) {
  if (kind !== 'token') return [[{ budget: `${kind}_fetches` }, fetches]] as const;
  return [
    [{ budget: 'fetches' }, fetches],
    [{ budget: 'forced' }, forced],
  ] as const;
}

/** Epoch seconds at which the token ends, with every reason to doubt it taken into account. */
function endOf(state: State, now: Instant): number | undefined {
  const life = lifeLeft(state.life, now);
  return life === undefined ? undefined : Math.floor((now.wall + life) / SECOND);
}

function lastSuccess({ record: { token }, life: { confirmedAt } }: State, now: Instant): number | undefined {
  if (!token) return undefined;
  return Math.max(Math.floor(token.issuedAt / SECOND), (confirmedAt && epoch(confirmedAt, now)) ?? 0);
}

/**
 * Epoch seconds at which the shared record was last known. While it is being read again, the time of the read before
 * counts: a read that hangs must not hide it.
 */
function lastSync({ unit, state: { store }, glancedAt }: View, now: Instant): number | undefined {
  const synced = unit.store.syncedAt?.() ?? glancedAt?.monotonic;
  if (synced !== undefined) return epoch(synced, now);
  return epoch(Number.isFinite(store.lookedAt) ? store.lookedAt : store.seenAt?.monotonic, now);
}

/** Converts to epoch seconds. @param monotonic monotonic ms */
function epoch(monotonic: number | undefined, { wall, monotonic: now }: Instant): number | undefined {
  return monotonic === undefined || !Number.isFinite(monotonic)
    ? undefined
    : Math.floor((wall - (now - monotonic)) / SECOND);
}
