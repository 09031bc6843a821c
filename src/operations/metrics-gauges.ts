import { Gauge, type Registry } from 'prom-client';
import type { Clock } from '../core/ports.ts';
import { spent } from '../core/quota.ts';
import { ledgerTimeOf, lifeLeft, type State } from '../core/state.ts';
import { type Instant, SECOND } from '../core/time.ts';
import type { View } from '../core/view.ts';

type Values = Readonly<Record<string, number | undefined>>;

/** What is read off the credentials when somebody asks. */
export function createGauges(registry: Registry, clock: Clock, views: () => readonly View[]): void {
  /** @param read the values of one credential by the value of the label `split`, or one by itself; undefined: none */
  function gauge(
    name: string,
    help: string,
    labels: readonly string[],
    read: (
      view: View,
      now: Instant,
    ) => readonly (readonly [Readonly<Record<string, string>>, number | undefined])[],
  ): void {
    new Gauge({
      name: `wx_token_${name}`,
      help,
      labelNames: labels,
      registers: [registry],
      collect() {
        this.reset();
        const now = clock.now();
        for (const view of views()) {
          for (const [more, value] of read(view, now)) {
            if (value !== undefined) this.set({ credential: view.unit.name, ...more }, value);
          }
        }
      },
    });
  }

  const ofUnit = ['credential', 'kind'];
  const one = ({ unit }: View, value: number | undefined) => [[{ kind: unit.kind }, value]] as const;
  gauge('expires_timestamp_seconds', 'When the newest token ends, epoch seconds.', ofUnit, (view, now) =>
    one(view, endOf(view.state, now)),
  );
  gauge(
    'last_success_timestamp_seconds',
    'When the platform last handed out the token that is there, epoch seconds.',
    ofUnit,
    (view, now) => one(view, lastSuccess(view.state, now)),
  );
  gauge('consecutive_failures', 'Failed attempts since the last success.', ofUnit, (view) =>
    one(view, view.state.failures),
  );
  gauge(
    'quota_used',
    'Calls of the last 24 hours, of all daemons that share the account; those of a ticket are called KIND_fetches.',
    ['credential', 'budget'],
    ({ unit, state }, now) => budgets(unit.kind, spent(state.record.ledger, ledgerTimeOf(state, now))),
  );
  gauge('quota_limit', 'Calls that the budget allows in 24 hours.', ['credential', 'budget'], ({ unit }) => {
    const { fetchesPerDay, forcedPerDay } = unit.policy.budget;
    return budgets(unit.kind, { fetches: fetchesPerDay, forced: forcedPerDay });
  });
  gauge(
    'follower_last_sync_timestamp_seconds',
    'When the shared state was last read, epoch seconds.',
    ['credential'],
    ({ unit, state }, now) => (unit.kind === 'token' ? [[{}, epoch(state.lookedAt, now)]] : []),
  );
}

function budgets(kind: string, values: Values) {
  if (kind !== 'token') return [[{ budget: `${kind}_fetches` }, values['fetches']]] as const;
  return Object.entries(values).map(([budget, value]) => [{ budget }, value] as const);
}

/** By every reason to doubt it. */
function endOf(state: State, now: Instant): number | undefined {
  const life = lifeLeft(state, now);
  return life === undefined ? undefined : Math.floor((now.wall + life) / SECOND);
}

function lastSuccess({ record: { token }, confirmedAt }: State, now: Instant): number | undefined {
  if (!token) return undefined;
  return Math.max(Math.floor(token.issuedAt / SECOND), (confirmedAt && epoch(confirmedAt, now)) ?? 0);
}

/** @param monotonic ms; infinitely long ago for never */
function epoch(monotonic: number, { wall, monotonic: now }: Instant): number | undefined {
  return Number.isFinite(monotonic) ? Math.floor((wall - (now - monotonic)) / SECOND) : undefined;
}
