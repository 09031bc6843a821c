import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { isKnownErrcode } from '../../core/errcodes/index.ts';
import type { Leadership } from '../../core/events/cluster.ts';
import type { PushReport } from '../../core/events/push.ts';
import type { Report } from '../../core/events/report.ts';
import type { Failure } from '../../core/failure.ts';
import type { View } from '../../core/plan.ts';
import type { Clock, Unit } from '../../core/ports.ts';
import { SECOND } from '../../core/time.ts';
import type { Volumes } from '../../system/fs/volumes.ts';
import { version } from '../../system/process/version.ts';
import { expose, type Family, type Sample } from './exposition.ts';
import { gauges } from './gauges.ts';
import { credentialLabel, type Labelled, targetLabel } from './labels.ts';

export interface Metrics {
  /** Counts a report. */
  report(of: Labelled | undefined, report: Report): void;
  /** Counts a push of the platform. */
  pushed(report: PushReport): void;
  /** Counts a reload of the configuration. */
  reloaded(result: 'applied' | 'refused'): void;
  /** Sets the units that are served from now on; the counts of all others are dropped. */
  serve(units: readonly Unit[]): void;
  /** Renders all metrics in the text format of Prometheus, in slices. Scrapes that overlap share one result. */
  scrape(): Promise<readonly Buffer[]>;
  readonly contentType: string;
}

/**
 * The metrics for Prometheus. WARNING: every metric name is a public interface: users have rules and dashboards for
 * it.
 */
export function createMetrics(
  clock: Clock,
  views: () => Iterable<View>,
  leadership: () => Leadership | undefined,
  volumes?: Pick<Volumes, 'hung' | 'hangs'>,
): Metrics {
  const registry = new Registry();
  const { families, ...counters } = createCounters(registry);
  createLeaderGauge(registry, leadership);
  createVolumeMetrics(registry, volumes);
  new Gauge({
    name: 'wx_token_build_info',
    help: 'Always 1; which version runs on which Node.',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version, node: process.version }, 1);
  let scraping: Promise<readonly Buffer[]> | undefined;

  async function scrape(): Promise<readonly Buffer[]> {
    return await expose([...gauges(views, clock.now()), ...families], await registry.metrics());
  }

  return {
    ...counters,
    contentType: registry.contentType,
    scrape() {
      scraping ??= scrape().finally(() => {
        scraping = undefined;
      });
      return scraping;
    },
  };
}

/** Each daemon of a cluster exports one series; their sum is 1, or 0 for some seconds. */
function createLeaderGauge(registry: Registry, leadership: () => Leadership | undefined): void {
  new Gauge({
    name: 'wx_token_leader',
    help: 'Whether this daemon refreshes for all that share the Lease.',
    labelNames: ['lease'],
    registers: [registry],
    collect() {
      this.reset();
      const known = leadership();
      if (known) this.set({ lease: known.lease }, known.leads ? 1 : 0);
    },
  });
}

/** A volume that hangs is counted once, however often it is asked meanwhile. */
function createVolumeMetrics(registry: Registry, volumes: Pick<Volumes, 'hung' | 'hangs'> | undefined): void {
  new Gauge({
    name: 'wx_token_volumes_hanging',
    help: 'Volumes that do not answer now.',
    registers: [registry],
    collect() {
      this.set(volumes?.hung().length ?? 0);
    },
  });
  new Counter({
    name: 'wx_token_volume_hangs_total',
    help: 'Times that a volume stopped to answer; the log says which.',
    registers: [registry],
    collect() {
      this.reset();
      for (const hangs of volumes?.hangs().values() ?? []) this.inc(hangs);
    },
  });
}

/** Histogram buckets, seconds: a platform that answers takes a tenth, one that hangs behind a proxy takes ten. */
const DURATIONS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const RESULTS = { refreshed: 'success', unchanged: 'unchanged', failed: 'failure' } as const;

/** What has series: the targets of the units that are served, by `CREDENTIAL/KIND`; all of them as labels. */
type Series = ReadonlyMap<string, ReadonlySet<string>>;

export interface Counters extends Pick<Metrics, 'report' | 'pushed' | 'reloaded' | 'serve'> {
  /** The counters with a series for each credential. */
  readonly families: readonly Family[];
}

/**
 * Creates the metrics that are counted as events happen.
 * @param registry receives the metrics that have no credential
 */
function createCounters(registry: Registry): Counters {
  const refreshes = createCounter(
    'refresh_total',
    'Calls to the platform, by what came of them and why they were made.',
    ['credential', 'kind', 'result', 'reason'],
  );
  const publications = createCounter(
    'publish_total',
    'Attempts to bring a target up to date; unchanged: it was already.',
    ['credential', 'kind', 'target', 'result'],
  );
  const errors = createCounter(
    'platform_errors_total',
    'Answers of the platform that were a no, by its errcode.',
    ['credential', 'errcode'],
  );
  const feedback = createCounter(
    'feedback_total',
    'Reports of readers whose token was refused, by what they came to; without a credential: of no current token.',
    ['credential', 'verdict'],
  );
  const rivals = createCounter(
    'rival_detected_total',
    'Times that a fresh token was refused again, or that somebody else changed a published key: another process fetches for this appid.',
    ['credential'],
  );
  const pushes = createCounter(
    'pushes_total',
    'Pushes of the platform that the receiver answered, by verdict; without a credential: for none that is served.',
    ['credential', 'verdict'],
  );
  const codes = createCounter(
    'authorisation_codes_total',
    'Codes of authorisations of a third party that something has come of; lost: the account cannot be fetched without another.',
    ['credential', 'outcome'],
  );
  const durations = new Histogram({
    name: 'wx_token_refresh_duration_seconds',
    help: 'How long the platform took to answer, or not to.',
    buckets: DURATIONS,
    registers: [registry],
  });
  const reloads = new Counter({
    name: 'wx_token_config_reload_total',
    help: 'Changed configurations, by whether they were put to work.',
    labelNames: ['result'],
    registers: [registry],
  });
  // Prometheus can compute a rate only for a series that it has seen at zero.
  for (const result of ['applied', 'refused']) reloads.inc({ result }, 0);

  const ofCredentials = [refreshes, publications, errors, feedback, rivals, pushes, codes];
  let served: ReadonlyMap<string, Unit> = new Map();

  /** Late reports of what is no longer served are ignored: each would create a series that stays for ever. */
  function isServed({ id }: Pick<Unit, 'id'>, target?: string): boolean {
    const unit = served.get(id);
    return unit !== undefined && (target === undefined || unit.publishers.some((one) => one.id === target));
  }

  return {
    families: ofCredentials.map(({ family }) => family),
    report(of, report) {
      if (of && !isServed(of, 'target' in report ? report.target : undefined)) return;
      const [credential, kind] = of ? [credentialLabel(of), of.kind] : ['', 'token'];
      const target = (id: string) => (of ? targetLabel(of, id) : id);
      switch (report.type) {
        case 'refreshed':
        case 'unchanged':
        case 'failed':
          refreshes.counter.inc({
            credential,
            kind,
            result: RESULTS[report.type],
            reason: report.step.reason,
          });
          durations.observe(report.tookMs / SECOND);
          if (report.type === 'failed' && report.failure.errcode !== undefined)
            errors.counter.inc({ credential, errcode: errcodeOf(report.failure) });
          return;
        case 'published': {
          const result = report.result === 'mended' ? 'written' : report.result;
          return publications.counter.inc({ credential, kind, target: target(report.target), result });
        }
        case 'unpublished':
          return publications.counter.inc({
            credential,
            kind,
            target: target(report.target),
            result: 'failed',
          });
        case 'disturbed':
          // What was lost with everything else was hardly a rival's doing.
          if (report.what !== 'lost') rivals.counter.inc({ credential });
          return;
        case 'code':
          return codes.counter.inc({ credential, outcome: report.outcome });
        case 'unserved-code':
          // Nobody knows of one that an app has used whether it has come to anything.
          if (report.outcome === 'used') return;
          return codes.counter.inc({ credential, outcome: outcomeOf(report) });
        case 'permanent-code':
          return codes.counter.inc({ credential, outcome: outcomeOf(report) });
        case 'doubt':
          if (report.by === 'reader') feedback.counter.inc({ credential, verdict: report.verdict });
          if (report.verdict === 'rival') rivals.counter.inc({ credential });
      }
    },
    pushed: ({ credential = '', verdict }) => {
      if (credential === '' || isServed({ id: credential })) pushes.counter.inc({ credential, verdict });
    },
    reloaded: (result) => reloads.inc({ result }),
    serve(units) {
      served = new Map(units.map((unit) => [unit.id, unit]));
      for (const credential of new Set(units.map(credentialLabel))) rivals.counter.inc({ credential }, 0);
      for (const unit of units)
        if (unit.provider.readGrants || unit.provider.obtainPermanentCode)
          codes.counter.inc({ credential: credentialLabel(unit), outcome: 'lost' }, 0);
      const series = seriesOf(units);
      for (const { counter } of ofCredentials) void keepOnly(series, counter);
    },
  };
}

interface CounterOfCredentials {
  readonly counter: Counter;
  readonly family: Family;
}

function createCounter(short: string, help: string, labelNames: readonly string[]): CounterOfCredentials {
  const name = `wx_token_${short}`;
  const counter = new Counter({ name, help, labelNames, registers: [] });
  const samples = async () => (await counter.get()).values;
  return { counter, family: { name, help, type: 'counter', samples } };
}

function seriesOf(units: readonly Unit[]): Series {
  const series = new Map<string, Set<string>>();
  for (const unit of units) {
    const key = `${credentialLabel(unit)}/${unit.kind}`;
    const targets = series.get(key) ?? new Set<string>();
    for (const { id } of unit.publishers) targets.add(targetLabel(unit, id));
    series.set(key, targets);
  }
  return series;
}

async function keepOnly(series: Series, counter: Counter): Promise<void> {
  const { values } = await counter.get();
  for (const { labels } of values) if (!isAmong(series, labels)) counter.remove(labels);
}

function isAmong(series: Series, { credential, kind = 'token', target }: Sample['labels']): boolean {
  if (credential === '') return true;
  const targets = series.get(`${credential}/${kind}`);
  return targets !== undefined && (target === undefined || targets.has(String(target)));
}

function outcomeOf({ outcome }: { readonly outcome: string }): string {
  return outcome === 'exchanged' ? 'exchanged' : 'lost';
}

/**
 * Maps errcodes that no table contains to `other`: they may be any number, and each would create a series of its own.
 */
function errcodeOf({ errcode }: Failure): string {
  return errcode !== undefined && isKnownErrcode(errcode) ? String(errcode) : 'other';
}
