import { Counter, Histogram, type Registry } from 'prom-client';
import { isKnownErrcode } from '../core/errcodes/index.ts';
import type { Failure } from '../core/failure.ts';
import type { Report } from '../core/report.ts';
import { SECOND } from '../core/time.ts';
import type { Metrics } from './metrics.ts';

/** Seconds: a platform that answers takes a tenth, one that is asked through a proxy and hangs takes ten. */
const DURATIONS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

type Outcome = Extract<Report, { type: 'refreshed' | 'unchanged' | 'failed' }>;

const RESULTS = { refreshed: 'success', unchanged: 'unchanged', failed: 'failure' } as const;

/** What is counted as it happens. */
export function createCounters(registry: Registry): Pick<Metrics, 'report' | 'reloaded' | 'serve'> {
  const registers = [registry];
  const refreshes = new Counter({
    name: 'wx_token_refresh_total',
    help: 'Calls to the platform, by what came of them and why they were made.',
    labelNames: ['credential', 'kind', 'result', 'reason'],
    registers,
  });
  const durations = new Histogram({
    name: 'wx_token_refresh_duration_seconds',
    help: 'How long the platform took to answer, or not to.',
    buckets: DURATIONS,
    registers,
  });
  const publications = new Counter({
    name: 'wx_token_publish_total',
    help: 'Attempts to bring a target up to date; unchanged: it was already.',
    labelNames: ['credential', 'kind', 'target', 'result'],
    registers,
  });
  const errors = new Counter({
    name: 'wx_token_platform_errors_total',
    help: 'Answers of the platform that were a no, by its errcode.',
    labelNames: ['credential', 'errcode'],
    registers,
  });
  const feedback = new Counter({
    name: 'wx_token_feedback_total',
    help: 'Reports of readers whose token was refused, by what they came to; without a credential: of no current token.',
    labelNames: ['credential', 'verdict'],
    registers,
  });
  const rivals = new Counter({
    name: 'wx_token_rival_detected_total',
    help: 'Times that a fresh token was refused again: another process fetches for this appid.',
    labelNames: ['credential'],
    registers,
  });
  const reloads = new Counter({
    name: 'wx_token_config_reload_total',
    help: 'Changed configurations, by whether they were put to work.',
    labelNames: ['result'],
    registers,
  });
  const labelled = [refreshes, publications, errors, feedback, rivals];
  let names: ReadonlySet<string> = new Set();

  function asked(credential: string, kind: string, { type, step, tookMs }: Outcome): void {
    refreshes.inc({ credential, kind, result: RESULTS[type], reason: step.reason });
    durations.observe(tookMs / SECOND);
  }

  return {
    report(of, report) {
      const { name: credential = '', kind = 'token' } = of ?? {};
      switch (report.type) {
        case 'refreshed':
        case 'unchanged':
          return asked(credential, kind, report);
        case 'failed':
          asked(credential, kind, report);
          if (report.failure.errcode !== undefined)
            errors.inc({ credential, errcode: errcodeOf(report.failure) });
          return;
        case 'published':
          return publications.inc({ credential, kind, target: report.target, result: report.result });
        case 'unpublished':
          return publications.inc({ credential, kind, target: report.target, result: 'failed' });
        case 'refusal':
          feedback.inc({ credential, verdict: report.verdict });
          if (report.verdict === 'rival') rivals.inc({ credential });
      }
    },
    reloaded: (result) => reloads.inc({ result }),
    serve(units) {
      const served = new Set(units.map(({ name }) => name));
      const gone = new Set([...names].filter((name) => !served.has(name)));
      names = served;
      // A rate can only be told of what has been seen at zero.
      for (const credential of served) rivals.inc({ credential }, 0);
      if (gone.size > 0) for (const counter of labelled) void forget(counter, gone);
    },
  };
}

async function forget(counter: Counter, gone: ReadonlySet<string>): Promise<void> {
  const { values } = await counter.get();
  for (const { labels } of values) if (gone.has(String(labels['credential']))) counter.remove(labels);
}

/** A code that no table holds may be anything, and every new value would be a series of its own. */
function errcodeOf({ errcode }: Failure): string {
  return errcode !== undefined && isKnownErrcode(errcode) ? String(errcode) : 'other';
}
