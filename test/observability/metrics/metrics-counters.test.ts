import { describe, expect, it } from 'vitest';
import type { Kind } from '../../../src/core/credential.ts';
import { fakeClock } from '../../support/clock.ts';
import { TARGET, tell } from '../../support/story.ts';
import { report as reports } from '../reports.ts';
import { type Exposed, expose, exposeShop, type Series, SHOP, viewOf } from './exposed.ts';

const shop = () => exposeShop(tell('stable-token'));

/** By the values of its labels, in the order of their names. */
async function counted({ scrape }: Pick<Exposed, 'scrape'>, name: string) {
  const keyOf = ({ labels }: Series) =>
    Object.keys(labels)
      .sort()
      .map((label) => labels[label])
      .join(' ');
  return Object.fromEntries((await scrape(name)).map((series) => [keyOf(series), series.value]));
}

describe('counters of platform calls', () => {
  it('platform calls are counted by reason and result', async () => {
    const { report, ...exposed } = await shop();
    const { first, refreshed, unchanged, timeout, refused } = reports;
    for (const one of [first, refreshed, refreshed, unchanged, timeout, refused(40164)]) report(SHOP, one);
    report({ id: 'shop/jsapi', name: 'shop', kind: 'jsapi' }, first);
    expect(await counted(exposed, 'wx_token_refresh_total')).toEqual({
      'shop token missing success': 1,
      'shop token due success': 2,
      'shop token due unchanged': 1,
      'shop token due failure': 2,
    });
  });

  it('the duration of platform calls is one histogram without a credential label', async () => {
    const { report, ...exposed } = await shop();
    for (const one of [reports.unchanged, reports.refreshed, reports.timeout]) report(SHOP, one);
    expect(await counted(exposed, 'wx_token_refresh_duration_seconds_bucket')).toEqual({
      ...{ '0.05': 1, '0.1': 1, '0.25': 1, '0.5': 2, '1': 2, '2.5': 2, '5': 2, '10': 3, '30': 3, '+Inf': 3 },
    });
    expect(await counted(exposed, 'wx_token_refresh_duration_seconds_count')).toEqual({ '': 3 });
    expect((await counted(exposed, 'wx_token_refresh_duration_seconds_sum'))['']).toBeCloseTo(10.32);
  });

  it('refusals are counted by errcode, and unknown errcodes together as other', async () => {
    const { report, ...exposed } = await shop();
    for (const errcode of [40164, 40164, -1, 60020, 77777, 88888]) report(SHOP, reports.refused(errcode));
    report(SHOP, reports.timeout);
    expect(await counted(exposed, 'wx_token_platform_errors_total')).toEqual({
      'shop 40164': 2,
      'shop -1': 1,
      'shop 60020': 1,
      'shop other': 2,
    });
  });
});

describe('other counters', () => {
  it('codes of corps are counted by what came of them: one that was used, or is too old, is lost', async () => {
    const { report, ...exposed } = await shop();
    for (const outcome of ['exchanged', 'used', 'expired'] as const)
      report(SHOP, { type: 'permanent-code', outcome });
    expect(await counted(exposed, 'wx_token_authorisation_codes_total')).toEqual({
      'shop exchanged': 1,
      'shop lost': 2,
    });
  });

  it('codes of accounts that are not served are counted, but for one that an app has used', async () => {
    const { report, ...exposed } = await shop();
    for (const outcome of ['exchanged', 'used', 'expired'] as const)
      report(SHOP, { type: 'unserved-code', outcome, appId: 'wx1111111111111111' });
    expect(await counted(exposed, 'wx_token_authorisation_codes_total')).toEqual({
      'shop exchanged': 1,
      'shop lost': 1,
    });
  });

  it('publications are counted by target and result', async () => {
    const { report, ...exposed } = await shop();
    const { published, unpublished } = reports;
    for (const one of [published('written'), published('unchanged'), published('unchanged'), unpublished()])
      report(SHOP, one);
    expect(await counted(exposed, 'wx_token_publish_total')).toEqual({
      [`shop token written ${TARGET}`]: 1,
      [`shop token unchanged ${TARGET}`]: 2,
      [`shop token failed ${TARGET}`]: 1,
    });
  });

  it('feedback reports are counted by verdict, unknown tokens without a credential', async () => {
    const { report, ...exposed } = await shop();
    for (const verdict of ['asked', 'pending', 'quiet', 'behind'] as const)
      report(SHOP, reports.doubt(verdict));
    for (let times = 0; times < 3; times += 1) report(undefined, reports.doubt('behind'));
    expect(await counted(exposed, 'wx_token_feedback_total')).toEqual({
      'shop asked': 1,
      'shop pending': 1,
      'shop quiet': 1,
      'shop behind': 1,
      ' behind': 3,
    });
  });

  it('detected rivals are counted per credential, starting from zero', async () => {
    const { report, ...exposed } = await shop();
    expect(await counted(exposed, 'wx_token_rival_detected_total')).toEqual({ shop: 0 });
    report(SHOP, reports.doubt('rival'));
    expect(await counted(exposed, 'wx_token_rival_detected_total')).toEqual({ shop: 1 });
    expect(await counted(exposed, 'wx_token_feedback_total')).toEqual({ 'shop rival': 1 });
  });

  it('configuration reloads are counted as applied or refused, starting from zero', async () => {
    const { reloaded, ...exposed } = await shop();
    expect(await counted(exposed, 'wx_token_config_reload_total')).toEqual({ applied: 0, refused: 0 });
    for (const result of ['applied', 'refused', 'applied'] as const) reloaded(result);
    expect(await counted(exposed, 'wx_token_config_reload_total')).toEqual({ applied: 2, refused: 1 });
  });
});

describe('counters of removed credentials', () => {
  /** Everything that can be counted of one. */
  const everything = (target: string) => [
    reports.refreshed,
    reports.refused(40164),
    reports.published('written', target),
    reports.unpublished(target),
    reports.doubt('rival'),
  ];

  async function served() {
    const clock = fakeClock();
    const view = (name: string, kind: Kind, target: string) =>
      viewOf(name, tell('stable-token', {}, 0.5, clock), kind, [target]);
    let views = [
      view('shop', 'token', 'file:/a'),
      view('shop', 'jsapi', 'file:/b'),
      view('bot', 'token', 'file:/c'),
    ];
    const exposed = await expose(clock, () => views);
    const count = () => {
      for (const name of ['shop', 'bot'])
        for (const one of everything(name === 'shop' ? 'file:/a' : 'file:/c'))
          exposed.report({ id: name, name, kind: 'token' }, one);
      for (const one of everything('file:/b'))
        exposed.report({ id: 'shop/jsapi', name: 'shop', kind: 'jsapi' }, one);
      exposed.report(undefined, reports.doubt('behind'));
    };
    count();
    return {
      count,
      view,
      all: async () => (await exposed.scrape()).map(({ labels }) => Object.values(labels).join(' ')),
      serve(next: typeof views) {
        views = next;
        exposed.serve(views.map(({ unit }) => unit));
      },
    };
  }

  it('a removed credential leaves no series behind, even after late reports', async () => {
    const { view, serve, all, count } = await served();
    const about = async (what: RegExp) => (await all()).filter((line) => what.test(line)).length;
    expect(await about(/\bbot\b/)).toBeGreaterThan(8);
    const shopBefore = await about(/\bshop\b/);
    serve([view('shop', 'token', 'file:/a'), view('shop', 'jsapi', 'file:/b')]);
    expect(await about(/\bbot\b/)).toBe(0);
    expect(await about(/\bshop\b/)).toBe(shopBefore);
    count();
    expect(await about(/\bbot\b/)).toBe(0);
  });

  it('the series of a removed ticket or target go while the others keep counting', async () => {
    const { view, serve, all, count } = await served();
    serve([view('shop', 'token', 'file:/new'), view('bot', 'token', 'file:/c')]);
    count();
    const left = (await all()).join('\n');
    expect(left).not.toMatch(/jsapi|file:\/a|file:\/b/);
    expect(left).toMatch(/bot token file:\/c written/);
  });

  it('a credential that is served again starts without its old counts', async () => {
    const { view, serve, all } = await served();
    const shop = view('shop', 'token', 'file:/a');
    serve([shop]);
    serve([shop, view('bot', 'token', 'file:/c')]);
    expect(
      (await all()).filter((line) => /\bbot\b/.test(line) && /40164|success|written/.test(line)),
    ).toEqual([]);
  });
});
