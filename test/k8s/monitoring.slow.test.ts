import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { FAMILIES } from '../../src/core/errcodes/index.ts';
import { exposeAll } from '../observability/metrics/exposed.ts';
import { metricsIn, strangers, type Vocabulary, vocabularyOf } from './expressions.ts';
import { alerts, dashboard, FOLDER, questions, textOf } from './monitoring.ts';
import { promtool, promtoolWith } from './promtool.ts';

/** What the program can be told to do. */
const COMMANDS = ['run', 'once', 'check', 'status', 'refresh', 'sandbox'];

async function known(): Promise<Vocabulary> {
  return vocabularyOf(await (await exposeAll()).scrape());
}

/** What Grafana puts in for its variables. */
const filledIn = (expr: string) => expr.replaceAll('$__rate_interval', '5m').replaceAll('$credential', '.*');

describe('rules.yaml', () => {
  it('the alert rules use only metrics and labels that exist', async () => {
    const vocabulary = await known();
    for (const { alert, expr, annotations } of await alerts()) {
      expect({ alert, strangers: strangers(expr, vocabulary, Object.values(annotations)) }).toEqual({
        alert,
        strangers: [],
      });
    }
  });

  it('every alert has a severity, a summary, a description and a runbook', async () => {
    const all = await alerts();
    expect(new Set(all.map(({ alert }) => alert)).size).toBe(all.length);
    for (const { alert, labels, annotations } of all) {
      expect(labels.severity, alert).toMatch(/^(critical|warning)$/);
      expect(Object.keys(annotations), alert).toEqual(['summary', 'description', 'runbook']);
      expect(annotations.summary.length, alert).toBeLessThanOrEqual(120);
      expect(annotations.description, alert).toMatch(/^\S.{60,}\.$/s);
      expect(annotations.runbook, alert).toMatch(/^(\d\. .+[^ ]\n){2,}$/);
    }
  });

  it('the runbooks name only commands that exist', async () => {
    const told = (await alerts()).flatMap(({ annotations }) =>
      [...annotations.runbook.matchAll(/`wx-token-sidecar ([a-z]+)/g)].map(([, command]) => command),
    );
    expect(told.length).toBeGreaterThan(10);
    expect(COMMANDS).toEqual(expect.arrayContaining(told));
  });

  it('the refusal alert lists exactly the error codes that need a person', async () => {
    const rules = Object.values(FAMILIES).flatMap(({ unknown: _, ...endpoints }) => Object.values(endpoints));
    const codes = rules.flatMap((table) =>
      Object.entries(table).filter(([, rule]) => rule.class === 'refused' || rule.class === 'confirmation'),
    );
    const refuses = (await alerts()).find(({ alert }) => alert === 'WxTokenPlatformRefuses');
    const named = /errcode=~"([^"]+)"/.exec(refuses?.expr ?? '')?.[1]?.split('|');
    expect(named).toEqual([...new Set(codes.map(([code]) => code))].sort((a, b) => Number(a) - Number(b)));
  });

  it('promtool accepts the alert rules', (ctx) =>
    promtool(ctx, 'check', 'rules', '--lint-fatal', join(FOLDER, 'rules.yaml')));

  it('the alert rules pass rules.test.yaml, which covers every alert', async (ctx) => {
    const cases = await textOf('rules.test.yaml');
    for (const { alert, labels } of await alerts()) {
      expect(cases).toContain(`{alertname="${alert}", severity="${labels.severity}"}`);
    }
    await promtool(ctx, 'test', 'rules', join(FOLDER, 'rules.test.yaml'));
  });
});

describe('dashboard.json', () => {
  it('the dashboard uses only metrics and labels that exist', async () => {
    const vocabulary = await known();
    for (const { expr, texts } of await questions()) {
      expect({ expr, strangers: strangers(expr, vocabulary, texts) }).toEqual({ expr, strangers: [] });
    }
  });

  it('the dashboard shows every metric of the daemon', async () => {
    const shown = (await questions()).flatMap(({ expr }) => metricsIn(expr));
    const all = [...(await known()).keys()].filter((name) => name !== 'up');
    expect([...new Set(shown)].sort()).toEqual(all.sort());
  });

  it('promtool accepts every query of the dashboard', async (ctx) => {
    const rules = (await questions()).map(({ expr }, index) => ({
      record: `question:${index}`,
      expr: filledIn(expr),
    }));
    await promtoolWith(ctx, ['check', 'rules'], { groups: [{ name: 'dashboard', rules }] });
  });

  it('every panel queries the chosen data source and credential', async () => {
    const { panels, templating } = await dashboard();
    expect(templating.list.map(({ name, type }) => [name, type])).toEqual([
      ['datasource', 'datasource'],
      ['credential', 'query'],
    ]);
    const vocabulary = await known();
    for (const { type, title, datasource, targets = [] } of panels) {
      if (type === 'row') continue;
      expect(targets.length, title).toBeGreaterThan(0);
      for (const asked of [...targets, { datasource }])
        expect(asked.datasource?.uid, title).toMatch(/^\$\{datasource\}$/);
      const expressions = targets.map(({ expr }) => expr).join('\n');
      for (const name of metricsIn(expressions)) {
        if (!vocabulary.get(name)?.has('credential')) continue;
        expect(expressions, title).toMatch(new RegExp(`${name}\\{credential=~"\\$credential"`));
      }
    }
  });

  it('every panel has a description and overlaps no other panel', async () => {
    const { panels } = await dashboard();
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const taken = new Map<string, string>();
    for (const { type, title, description, gridPos } of panels) {
      if (type !== 'row') expect(description, title).toMatch(/^\S.+\.$/);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(taken.get(`${x} ${y}`), title).toBeUndefined();
          taken.set(`${x} ${y}`, title);
        }
      }
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
    }
  });
});

describe('README of the monitoring folder', () => {
  let readme = '';
  const block = (language: string, holding: string) =>
    [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))]
      .map(([, code = '']) => code)
      .find((code) => code.includes(holding)) ?? '';

  beforeAll(async () => {
    readme = await textOf('README.md');
  });

  it('the README lists every alert with its severity', async () => {
    for (const { alert, labels } of await alerts()) {
      expect(readme).toMatch(new RegExp(`\`${alert}\`.*\\| .*${labels.severity}`));
    }
    const named = new Set(readme.match(/\bWxToken[A-Za-z]+/g));
    expect([...named].sort()).toEqual((await alerts()).map(({ alert }) => alert).sort());
  });

  it('the command of the README makes a PrometheusRule with the same rules', async () => {
    const bin = await mkdtemp(join(tmpdir(), 'wx-'));
    onTestFinished(() => rm(bin, { recursive: true, force: true }));
    await writeFile(join(bin, 'kubectl'), '#!/bin/sh\n[ "$*" = "apply -f -" ] && exec cat\n');
    await chmod(join(bin, 'kubectl'), 0o755);
    const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}` };
    const { stdout } = await promisify(execFile)('sh', ['-c', block('sh', 'PrometheusRule')], {
      cwd: FOLDER,
      env,
    });
    expect(parse(stdout)).toEqual({
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      metadata: expect.objectContaining({ name: 'wx-token-sidecar' }),
      spec: parse(await textOf('rules.yaml')),
    });
  });

  it('the README shows a valid Prometheus configuration with a job that the rules know', async (ctx) => {
    const config = parse(block('yaml', 'scrape_configs'));
    expect(config.rule_files).toEqual(['rules.yaml']);
    const down = (await alerts()).find(({ alert }) => alert === 'WxTokenDown');
    const [, job = ''] = /job=~"([^"]+)"/.exec(down?.expr ?? '') ?? [];
    expect(config.scrape_configs[0].job_name).toMatch(new RegExp(`^(?:${job})$`));
    await promtoolWith(ctx, ['check', 'config'], { ...config, rule_files: [join(FOLDER, 'rules.yaml')] });
  });
});
