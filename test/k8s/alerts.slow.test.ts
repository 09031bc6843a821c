import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Fault } from './accounts.ts';
import { live, type Scrapes } from './lived.ts';
import { expectAlerts } from './promtool.ts';

const RULES = join(import.meta.dirname, '../../k8s/monitoring/rules.yaml');
const DAY = 24 * 60;

/** Seconds that each credential had left at least when it was scraped. */
function leastLives(scrapes: Scrapes): Record<string, number> {
  const least: Record<string, number> = {};
  for (const [minute, series] of scrapes.entries()) {
    for (const { name, labels, value } of series) {
      if (name !== 'wx_token_expires_timestamp_seconds') continue;
      const key = `${labels['credential']} ${labels['kind']}`;
      least[key] = Math.min(least[key] ?? Number.POSITIVE_INFINITY, value - 60 * minute);
    }
  }
  return least;
}

describe('alerts over simulated time', () => {
  it('no alert fires over an ordinary day although WeCom tokens and tickets run out', async (ctx) => {
    const scrapes = await live({ minutes: DAY });
    const lives = leastLives(scrapes);
    expect(lives['shop token']).toBeGreaterThanOrEqual(240);
    expect(lives['classic token']).toBeGreaterThanOrEqual(540);
    for (const short of ['shop jsapi', 'corp token', 'corp corp_jsapi'])
      expect(lives[short]).toBeLessThan(60);
    await expectAlerts(ctx, RULES, scrapes, { ever: [], atLast: [] });
  });

  it.for<readonly [Fault, number, readonly string[]]>([
    ['down', 40, ['WxTokenDead', 'WxTokenExpiringSoon', 'WxTokenNotRefreshing', 'WxTokenTooOld']],
    [
      'refused',
      40,
      [
        'WxTokenDead',
        'WxTokenExpiringSoon',
        'WxTokenNotRefreshing',
        'WxTokenPlatformRefuses',
        'WxTokenTooOld',
      ],
    ],
    ['disk full', 40, ['WxTokenPublishFailing']],
    ['standstill', 10, ['WxTokenFollowerStale']],
  ])(
    'the fault “%s” of %i min fires exactly its alerts, which clear afterwards',
    async ([fault, lasts, ever], ctx) => {
      const isOn = (minute: number) => minute >= 100 && minute < 100 + lasts;
      const scrapes = await live({ minutes: 170, fault: (minute) => (isOn(minute) ? fault : undefined) });
      await expectAlerts(ctx, RULES, scrapes, { ever, atLast: [] });
    },
  );
});
