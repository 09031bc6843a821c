import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, type TestContext } from 'vitest';
import type { Series } from '../observability/metrics/exposed.ts';
import { runTool } from '../support/tools.ts';
import type { Scrapes } from './lived.ts';

/** Has promtool say yes to that, or skips the test where there is none. */
export async function promtool(ctx: TestContext, ...args: string[]): Promise<void> {
  const { code, output } = await runTool(ctx, 'promtool', args);
  expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('SUCCESS') });
}

/** As {@link promtool}, of one file with that content; JSON is YAML. */
export async function promtoolWith(
  ctx: TestContext,
  command: readonly string[],
  content: unknown,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  ctx.onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'prometheus.yaml');
  await writeFile(path, JSON.stringify(content));
  await promtool(ctx, ...command, path);
}

export interface Alerts {
  /** Those that fire at some time. */
  readonly ever: readonly string[];
  /** Those that still do when the last scrape was made. */
  readonly atLast: readonly string[];
}

/** Has Prometheus judge by these rules what it scraped. */
export async function expectAlerts(
  ctx: TestContext,
  rules: string,
  scrapes: Scrapes,
  { ever, atLast }: Alerts,
): Promise<void> {
  const end = `${scrapes.length - 1}m`;
  const firing = 'ALERTS{alertstate="firing"}';
  const expectation = (of: string, alerts: readonly string[]) => ({
    expr: `group by (alertname) (${of})`,
    eval_time: end,
    exp_samples: alerts.map((alert) => ({ labels: `{alertname="${alert}"}`, value: 1 })),
  });
  await promtoolWith(ctx, ['test', 'rules'], {
    rule_files: [rules],
    // More than once between two scrapes, so that what it knows is old at times.
    evaluation_interval: '30s',
    tests: [
      {
        interval: '1m',
        input_series: inputs(scrapes),
        promql_expr_test: [
          expectation(`count_over_time(${firing}[${end}])`, ever),
          expectation(firing, atLast),
        ],
      },
    ],
  });
}

function inputs(scrapes: Scrapes) {
  const values = new Map<string, string[]>();
  for (const [minute, series] of scrapes.entries()) {
    for (const { name, labels, value } of series) {
      const key = keyOf(name, labels);
      const known = values.get(key) ?? Array.from({ length: scrapes.length }, () => '_');
      known[minute] = String(value);
      values.set(key, known);
    }
  }
  return [...values].map(([series, known]) => ({ series, values: known.join(' ') }));
}

function keyOf(name: string, labels: Series['labels']): string {
  return `${name}{${Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`)}}`;
}
