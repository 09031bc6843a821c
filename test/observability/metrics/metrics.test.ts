import { describe, expect, it } from 'vitest';
import { documentation } from '../../docs/readme.ts';
import { fakeClock } from '../../support/clock.ts';
import { tell, token } from '../../support/story.ts';
import { runTool } from '../../support/tools.ts';
import { report as reports } from '../reports.ts';
import { expose, exposeAll, exposeShop, SHOP, viewOf } from './exposed.ts';

/** Every metric that there is, with its labels. */
const PROMISED: Readonly<Record<string, string>> = {
  wx_token_expires_timestamp_seconds: 'credential kind',
  wx_token_last_success_timestamp_seconds: 'credential kind',
  wx_token_consecutive_failures: 'credential kind',
  wx_token_quota_used: 'budget credential',
  wx_token_quota_limit: 'budget credential',
  wx_token_pushed_ticket_timestamp_seconds: 'credential',
  wx_token_pushed_ticket_limit_seconds: 'credential limit',
  wx_token_record_unwritten_timestamp_seconds: 'credential kind restart',
  wx_token_follower_last_sync_timestamp_seconds: 'credential',
  wx_token_accounts: 'credential state',
  wx_token_accounts_unlisted: 'credential',
  wx_token_refresh_total: 'credential kind reason result',
  wx_token_publish_total: 'credential kind result target',
  wx_token_platform_errors_total: 'credential errcode',
  wx_token_feedback_total: 'credential verdict',
  wx_token_rival_detected_total: 'credential',
  wx_token_pushes_total: 'credential verdict',
  wx_token_authorisation_codes_total: 'credential outcome',
  wx_token_refresh_duration_seconds_bucket: 'le',
  wx_token_refresh_duration_seconds_sum: '',
  wx_token_refresh_duration_seconds_count: '',
  wx_token_config_reload_total: 'result',
  wx_token_leader: 'lease',
  wx_token_volumes_hanging: '',
  wx_token_volume_hangs_total: '',
  wx_token_build_info: 'node version',
};

describe('all metrics', () => {
  it('the exposed metrics are exactly the promised ones, with their labels', async () => {
    const { scrape, get } = await exposeAll();
    const found = (await scrape()).map(({ name, labels }) => [name, Object.keys(labels).sort().join(' ')]);
    expect(Object.fromEntries(found)).toEqual(PROMISED);
    expect((await get()).headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  it('each metric has one help text and one type, and no exemplar', async () => {
    const text = await (await (await exposeAll()).get()).text();
    const types = (text.match(/(?<=^# TYPE )\S+ \S+$/gm) ?? []).map((line) => line.split(' '));
    expect(types.map(([name]) => name)).toEqual([
      ...new Set(Object.keys(PROMISED).map((name) => name.replace(/_(bucket|sum|count)$/, ''))),
    ]);
    for (const [name = '', type] of types) {
      expect(type).toBe(name.endsWith('_total') ? 'counter' : /duration/.test(name) ? 'histogram' : 'gauge');
    }
    expect(text.match(/^# HELP \S+ \S.+$/gm)).toHaveLength(types.length);
    expect(text).not.toMatch(/\d # \{|# EOF|\n\n$/);
  });

  it('the documentation lists every metric with its labels', async () => {
    const rows = [...(await documentation()).matchAll(/^\| (`wx_token_.*?) \| (?:(`.*?) )?\|/gm)].flatMap(
      ([, names = '', labels = '']) =>
        [...names.matchAll(/`(\w+)`/g)].map(([, name]) => [name, labels.replace(/[`,]/g, '')]),
    );
    const promised = Object.entries(PROMISED)
      .filter(([name]) => !/_(sum|count)$/.test(name))
      .map(([name, labels]) => [name.replace(/_bucket$/, ''), labels]);
    const inOrder = (labels = '') => labels.split(' ').sort().join(' ');
    expect(Object.fromEntries(rows.map(([name, labels]) => [name, inOrder(labels)]))).toEqual(
      Object.fromEntries(promised),
    );
  });

  it('promtool accepts the metrics without a complaint', async (ctx) => {
    const text = await (await (await exposeAll()).get()).text();
    const { code, output } = await runTool(ctx, 'promtool', ['check', 'metrics'], text);
    expect(output).toBe('');
    expect(code).toBe(0);
  });

  it('the build info tells the version of the daemon and of Node', async () => {
    const [info] = await (await exposeAll()).scrape('wx_token_build_info');
    expect(info).toMatchObject({
      value: 1,
      labels: { version: expect.stringMatching(/^\d+\.\d+\.\d+/), node: process.version },
    });
  });

  it('simultaneous scrapes all get the same text', async () => {
    const { get } = await exposeAll();
    const texts = await Promise.all(Array.from({ length: 20 }, async () => (await get()).text()));
    expect(new Set(texts).size).toBe(1);
  });
});

describe('metrics of thousands of credentials', () => {
  const COUNT = 3_000;

  it('each of three thousand credentials has its series under the right metric', async () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    const views = Array.from({ length: COUNT }, (_, index) => viewOf(`c${index}`, story));
    const { get, report } = await expose(story.clock, () => views);
    for (const { unit } of views) report(unit, reports.refreshed);

    const text = await (await get()).text();
    const blocks = text.split(/^# HELP /m).slice(1);
    const sizes = Object.fromEntries(
      blocks.map((block) => [block.split(' ')[0], block.match(/credential="c\d+"/g)?.length ?? 0]),
    );
    expect(sizes).toMatchObject({
      wx_token_expires_timestamp_seconds: COUNT,
      wx_token_quota_used: 2 * COUNT,
      wx_token_refresh_total: COUNT,
      wx_token_rival_detected_total: COUNT,
      wx_token_publish_total: 0,
      wx_token_build_info: 0,
    });
    expect(new Set(text.match(/^wx_token_expires.*$/gm)).size).toBe(COUNT);
  });
});

describe('odd label values', () => {
  it.each([
    ['a quotation mark, a backslash and a new line', 'file:/a "b" \\n \\\\ \n c'],
    ['what looks like a metric', 'file:/x"} 1\nwx_token_leader{lease="y"} 1\n# EOF'],
    ['what is not ASCII', 'file:/微信/令牌 \u2028 😀'],
  ])('a label that holds %s stays one line and is read back unchanged', async (_what, target) => {
    const story = tell('stable-token');
    const { report, scrape } = await expose(fakeClock(), () => [viewOf('shop', story, 'token', [target])]);
    report(SHOP, reports.published('written', target));
    const before = (await (await exposeShop(story)).scrape()).length;
    expect(await scrape('wx_token_publish_total')).toEqual([
      {
        name: 'wx_token_publish_total',
        labels: { credential: 'shop', kind: 'token', target, result: 'written' },
        value: 1,
      },
    ]);
    expect(await scrape()).toHaveLength(before + 1);
  });
});
