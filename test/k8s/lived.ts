import { MINUTE, SECOND } from '../../src/core/time.ts';
import { createReconciler } from '../../src/loop/reconciler.ts';
import { createMetrics } from '../../src/observability/metrics/index.ts';
import { type Series, seriesIn } from '../observability/metrics/exposed.ts';
import { TICK } from '../simulate/simulate.ts';
import { fakeClock, seeded } from '../support/clock.ts';
import { createAccounts, type Fault } from './accounts.ts';

export interface Life {
  readonly minutes: number;
  /** By minute. */
  readonly fault?: (minute: number) => Fault;
}

/** What Prometheus scraped, once a minute; epoch seconds count from the beginning. */
export type Scrapes = readonly (readonly Series[])[];

/**
 * What Prometheus learns of two daemons that share the state of one credential of each type: the real planner, loop,
 * providers and metrics against the sandbox's own model of the platform, at the speed of arithmetic.
 */
export async function live({ minutes, fault = () => undefined }: Life): Promise<Scrapes> {
  const clock = fakeClock();
  const start = clock.now().wall;
  const random = seeded(1);
  const faultNow = () => fault(Math.floor((clock.now().wall - start) / MINUTE));
  const unitsOfOne = createAccounts(clock, random, faultNow);
  const daemons = ['a', 'b'].map((instance, index) => {
    const units = unitsOfOne();
    const reconciler = createReconciler({
      clock,
      random,
      report: (of, report) => metrics.report(of, report),
    });
    const metrics = createMetrics(clock, reconciler.views, () => undefined);
    reconciler.serve(units);
    metrics.serve(units);
    return { instance, reconciler, metrics, offset: 2 * index * SECOND };
  });

  async function scrape(): Promise<Series[]> {
    const lines: Series[] = [];
    for (const { instance, metrics } of daemons) {
      const target = { job: 'wx-token-sidecar', instance };
      lines.push({ name: 'up', labels: target, value: 1 });
      for (const { name, labels, value } of seriesIn(Buffer.concat(await metrics.scrape()).toString())) {
        const epoch = name.endsWith('_timestamp_seconds') ? start / SECOND : 0;
        lines.push({ name, labels: { ...target, ...labels }, value: value - epoch });
      }
    }
    return lines;
  }

  const scrapes: Series[][] = [];
  for (let at = 0; at < minutes * MINUTE; at += SECOND) {
    if (at % MINUTE === 0) scrapes.push(await scrape());
    for (const { reconciler, offset } of daemons) {
      if (at % TICK !== offset || (offset > 0 && faultNow() === 'standstill')) continue;
      reconciler.tick();
      await reconciler.idle();
    }
    clock.pass(SECOND);
  }
  return scrapes;
}
