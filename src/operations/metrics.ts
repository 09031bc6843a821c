import { Gauge, Registry } from 'prom-client';
import type { Leadership } from '../core/cluster-event.ts';
import type { Clock, Unit } from '../core/ports.ts';
import type { Report } from '../core/report.ts';
import type { View } from '../core/view.ts';
import { version } from '../system/version.ts';
import { expose } from './exposition.ts';
import { createCounters } from './metrics-counters.ts';
import { gauges } from './metrics-gauges.ts';
import { createLeaderGauge } from './metrics-leader.ts';

export interface Metrics {
  report(of: Pick<Unit, 'name' | 'kind'> | undefined, report: Report): void;
  reloaded(result: 'applied' | 'refused'): void;
  /** From now on these are the credentials: what was counted of others is forgotten. */
  serve(units: readonly Unit[]): void;
  /** All of them, in the text format of Prometheus. Whoever asks meanwhile gets the same. */
  scrape(): Promise<string>;
  readonly contentType: string;
}

/** What Prometheus learns. Every name is a promise to those who wrote rules and dashboards with it. */
export function createMetrics(
  clock: Clock,
  views: () => readonly View[],
  leadership: () => Leadership | undefined,
): Metrics {
  const registry = new Registry();
  const { families, ...counters } = createCounters(registry);
  createLeaderGauge(registry, leadership);
  new Gauge({
    name: 'wx_token_build_info',
    help: 'Always 1; which version runs on which Node.',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version, node: process.version }, 1);
  let scraping: Promise<string> | undefined;

  async function scrape(): Promise<string> {
    return await expose([...gauges(views(), clock.now()), ...families], await registry.metrics());
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
