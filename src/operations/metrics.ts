import { setImmediate } from 'node:timers/promises';
import { Gauge, Registry } from 'prom-client';
import type { Clock, Unit } from '../core/ports.ts';
import type { Report } from '../core/report.ts';
import type { View } from '../core/view.ts';
import { version } from '../system/version.ts';
import { createCounters } from './metrics-counters.ts';
import { createGauges } from './metrics-gauges.ts';

export interface Metrics {
  report(of: Pick<Unit, 'name' | 'kind'> | undefined, report: Report): void;
  reloaded(result: 'applied' | 'refused'): void;
  /** From now on these are the credentials: what was counted of others is forgotten. */
  serve(units: readonly Unit[]): void;
  /** All of them, in the text format of Prometheus. */
  scrape(): Promise<string>;
  readonly contentType: string;
}

/** What Prometheus learns. Every name is a promise to those who wrote rules and dashboards with it. */
export function createMetrics(clock: Clock, views: () => readonly View[]): Metrics {
  const registry = new Registry();
  const counters = createCounters(registry);
  createGauges(registry, clock, views);
  new Gauge({
    name: 'wx_token_build_info',
    help: 'Always 1; which version runs on which Node.',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version, node: process.version }, 1);

  return {
    ...counters,
    contentType: registry.contentType,
    async scrape() {
      const texts: string[] = [];
      for (const { name } of registry.getMetricsAsArray()) {
        texts.push(await registry.getSingleMetricAsString(name));
        // Of thousands of credentials one metric at a time is enough to stand in the way of others.
        await setImmediate();
      }
      return `${texts.join('\n\n')}\n`;
    },
  };
}
