import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Browser, type Look, openBrowser, type Visit } from '../../support/browser.ts';
import { eventually } from '../../support/wait.ts';
import { crowd, scene, servedScene } from './page-scene.ts';

const LOOKS = [
  { scheme: 'light', width: 1280, height: 900, zone: 'Asia/Shanghai' },
  { scheme: 'dark', width: 1280, height: 900, zone: 'Asia/Shanghai' },
  { scheme: 'light', width: 390, height: 844, zone: 'Asia/Shanghai' },
  { scheme: 'dark', width: 390, height: 844, zone: 'Asia/Shanghai' },
] as const;

/** What a person would see, as the browser itself measures it. */
const FACTS = `(() => {
  const all = [...document.querySelectorAll('body *')];
  const brightness = (element, property) => {
    const [red, green, blue] = getComputedStyle(element)[property].match(/\\d+/g).map(Number);
    return (red + green + blue) / 3;
  };
  const pills = [...document.querySelectorAll('.card .state')];
  const bar = (card) => card.querySelector('.bar .left').getBoundingClientRect().width / card.querySelector('.bar').getBoundingClientRect().width;
  return {
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    beyond: all.filter((one) => !one.closest('summary > *') && one.getBoundingClientRect().right > innerWidth + 1).map(({ outerHTML }) => outerHTML),
    active: document.querySelectorAll('script + script, iframe, object, embed, img, form, [onload], [onerror]').length,
    states: pills.map(({ innerText }) => innerText.replace(/\\s+/g, ' ')),
    colours: pills.map((pill) => getComputedStyle(pill).color),
    bars: [...document.querySelectorAll('.card')].map((card) => Math.round(bar(card) * 100)),
    lineHeights: [...document.querySelectorAll('.line')].map((line) => Math.round(line.getBoundingClientRect().height)),
    cut: innerWidth < 704 ? [] : all.filter((one) => one.matches('.line summary > :not(.who)') && one.scrollWidth > one.clientWidth).map(({ innerText }) => innerText),
    charts: document.querySelectorAll('figure svg[role=img][aria-label]').length,
    paper: brightness(document.body, 'backgroundColor'),
    ink: brightness(document.body, 'color'),
    text: document.body.innerText,
  };
})()`;

interface Facts {
  readonly overflow: number;
  readonly beyond: readonly string[];
  readonly active: number;
  readonly states: readonly string[];
  readonly colours: readonly string[];
  readonly bars: readonly number[];
  readonly lineHeights: readonly number[];
  /** What a wide window does not show whole in a line, but for names. */
  readonly cut: readonly string[];
  readonly charts: number;
  readonly paper: number;
  readonly ink: number;
  readonly text: string;
}

/** Where somebody wants to look at the pictures, they stay. */
async function pictureFolder(): Promise<string> {
  const { WX_SCREENSHOTS } = process.env;
  if (WX_SCREENSHOTS) return WX_SCREENSHOTS;
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const DESK: Look = { scheme: 'light', width: 1280, height: 900 };

/** Highest line, in px: a second row of text would not fit. */
const ONE_ROW = 44;

async function withBrowser(
  ctx: { readonly skip: (why: string) => void },
  use: (browser: Browser) => Promise<void>,
): Promise<void> {
  const browser = await openBrowser(onTestFinished);
  if (typeof browser === 'string') return ctx.skip(browser);
  await use(browser);
}

describe('the status page in Chromium', () => {
  it('the page is shown in light and dark, wide and narrow, and loads nothing else', (ctx) =>
    withBrowser(ctx, async (browser) => {
      const pictures = await pictureFolder();
      const url = await servedScene(scene());
      for (const look of LOOKS) {
        const { requests, complaints, evaluate, screenshot } = await browser.visit(url, look);
        const facts = await evaluate<Facts>(FACTS);
        const picture = await screenshot();
        await writeFile(join(pictures, `${look.scheme}-${look.width}.png`), picture);

        expect(picture.subarray(1, 4).toString()).toBe('PNG');
        expect(requests.filter((address) => !address.startsWith('data:'))).toEqual([url]);
        expect(complaints).toEqual([]);
        expect(facts).toMatchObject({ overflow: 0, beyond: [], cut: [], active: 0, charts: 4 });
        expect(facts.states).toEqual([
          '✕ dead',
          '○ not published',
          '○ not published',
          '⚠ fresh, but in trouble',
          '✓ fresh',
          '✓ fresh',
          '✓ fresh',
        ]);
        expect(new Set(facts.colours).size).toBe(3);
        if (look.width > 600) expect(facts.bars).toEqual([0, 0, 0, 2, 98, 98, 98]);
        expect(Math.max(...facts.lineHeights)).toBeLessThan(ONE_ROW);
        expect(facts.paper > 200).toBe(look.scheme === 'light');
        expect(Math.abs(facts.paper - facts.ink)).toBeGreaterThan(150);
        expect(facts.text).toContain('某某商城 服务号');

        await evaluate('document.querySelectorAll("details").forEach((one) => { one.open = true; })');
        const opened = await evaluate<Facts>(FACTS);
        await writeFile(join(pictures, `opened-${look.scheme}-${look.width}.png`), await screenshot());
        expect(opened).toMatchObject({ overflow: 0, beyond: [] });
        expect(opened.text).toContain('<script>alert(1)</script>/"onload=alert(2) x="/\\u202egnp.exe/');
        expect(opened.text).not.toMatch(/[\u202e\u001b]/);
      }
    }));

  it('the page in Chinese shows whole words, wide and narrow, and commands as code', (ctx) =>
    withBrowser(ctx, async (browser) => {
      const pictures = await pictureFolder();
      const url = await servedScene(scene(), 'zh');
      for (const look of LOOKS) {
        const { complaints, evaluate, screenshot } = await browser.visit(url, look);
        const facts = await evaluate<Facts>(FACTS);
        await writeFile(join(pictures, `zh-${look.scheme}-${look.width}.png`), await screenshot());
        expect(complaints).toEqual([]);
        expect(facts).toMatchObject({ overflow: 0, beyond: [], cut: [], charts: 4 });
        expect(Math.max(...facts.lineHeights)).toBeLessThan(ONE_ROW);
        expect(facts.text).toMatch(/\d 个 token 和 \d 张票据/);
        expect(facts.text).not.toContain('`');
        expect(
          await evaluate('[...document.querySelectorAll(".note code")].map(({ innerText }) => innerText)'),
        ).toContain('refresh NAME');
      }
    }));

  it('three hundred accounts have one line each behind those in trouble, wide and narrow', (ctx) =>
    withBrowser(ctx, async (browser) => {
      const pictures = await pictureFolder();
      const url = await servedScene(crowd(300));
      for (const look of LOOKS) {
        const { requests, complaints, evaluate, screenshot } = await browser.visit(url, look);
        const facts = await evaluate<Facts>(FACTS);
        await writeFile(join(pictures, `crowd-${look.scheme}-${look.width}.png`), await screenshot());
        expect(requests.filter((address) => !address.startsWith('data:'))).toEqual([url]);
        expect(complaints).toEqual([]);
        expect(facts).toMatchObject({ overflow: 0, beyond: [], active: 0, charts: 3 });
        expect(facts.states.slice(0, 4)).toEqual([
          '○ not published',
          '○ not published',
          '⚠ fresh, but in trouble',
          '✓ fresh',
        ]);
        expect(facts.lineHeights).toHaveLength(297);
        expect(Math.max(...facts.lineHeights)).toBeLessThan(ONE_ROW);
      }
    }));

  it('the filter finds by name, title, AppID and state, by keyboard and without network, and is kept nowhere', (ctx) =>
    withBrowser(ctx, async (browser) => {
      const url = await servedScene(crowd(300));
      const visit = await browser.visit(url, DESK);
      const { press, type, evaluate, cutOff } = visit;
      await cutOff(true);
      const found = async (text: string) => {
        await press('/');
        await press('Escape');
        await type(text);
        return await namesShown(visit);
      };
      expect(await found('shop-0101')).toEqual(['shop-0101']);
      expect(await found('第41商城')).toEqual(['shop-0041']);
      expect(await found('WX0007000700070007')).toEqual(['shop-0007']);
      expect(await found('Ｓｈｏｐ－０００７')).toEqual(['shop-0007']);
      expect(await found('not published')).toEqual(['shop-0101', 'shop-0251']);
      expect(await found('missing')).toEqual(['shop-0101', 'shop-0251']);
      expect(await found('trouble')).toEqual(['shop-0299']);
      expect(await found('  小程序 0001 ')).toEqual([]);
      expect(await found('订阅号 shop-000')).toEqual(['shop-0002', 'shop-0004', 'shop-0008']);
      expect(await evaluate('document.querySelector("output").textContent')).toBe('3 of 300 shown');

      await press('Tab');
      await press('Enter');
      const isOpen = 'document.querySelector(\'[data-key="shop-0002/token"]\').open';
      expect(await evaluate(isOpen)).toBe(true);
      expect(await evaluate('location.href')).toBe(url);
      await press('/');
      await press('Escape');
      expect(await namesShown(visit)).toHaveLength(300);
      expect(await evaluate('[localStorage.length, sessionStorage.length, document.cookie.length]')).toEqual([
        0, 0, 0,
      ]);
    }));

  it('the page renews itself, keeps what the reader has opened and typed, and says when nobody answers', (ctx) =>
    withBrowser(ctx, async (browser) => {
      const shown = crowd(300);
      const visit = await browser.visit(await servedScene(shown), DESK);
      const { press, type, evaluate, cutOff, requests, complaints } = visit;
      await press('/');
      await type('shop-000');
      await press('Tab');
      await press('Enter');
      const asOf = () => evaluate<string>('document.querySelector(".top time").dateTime');
      const before = await asOf();
      shown.clock.pass(60_000);
      await evaluate(
        '{ const now = Date.now; let late = 0; Date.now = () => now() + late; window.wait = () => { late += 31_000; }; }',
      );
      await evaluate('wait()');
      await eventually(async () => (await asOf()) !== before);
      expect(await namesShown(visit)).toHaveLength(9);
      expect(await evaluate('document.activeElement.closest("details").dataset.key')).toBe('shop-0001/token');
      expect(await evaluate('[...document.querySelectorAll("details[open]")].length')).toBe(1);
      expect(complaints).toEqual([]);
      expect(new Set(requests.filter((address) => !address.startsWith('data:'))).size).toBe(1);

      const stale = () =>
        evaluate<string>(
          '(({ hidden, innerText }) => (hidden ? "" : innerText))(document.querySelector(".stale"))',
        );
      expect(await stale()).toBe('');
      await cutOff(true);
      await evaluate('wait()');
      await eventually(async () => (await stale()).startsWith('The daemon has not answered since '));
      expect(await namesShown(visit)).toHaveLength(9);
      await cutOff(false);
      await evaluate('wait()');
      await eventually(async () => (await stale()) === '');
    }));

  it('times are also those of the reader, and those of the server stay without a script', (ctx) =>
    withBrowser(ctx, async (browser) => {
      const url = await servedScene(scene());
      const textIn = async (look: Partial<Look>) => {
        const { evaluate } = await browser.visit(url, { ...DESK, ...look });
        return {
          text: await evaluate<string>('document.body.innerText'),
          filter: await evaluate<boolean>('document.querySelector(".filter").hidden'),
          bar: await evaluate<string>('document.querySelector("g[data-from] title").textContent'),
        };
      };
      const shanghai = await textIn({ zone: 'Asia/Shanghai' });
      expect(shanghai.text).toContain('as of 2026-01-01 04:12:00 UTC (12:12:00 GMT+8)');
      expect(shanghai.text).toContain('ends 06:09 UTC (14:09 GMT+8)');
      expect(shanghai.bar).toMatch(/^(\d\d):00–\d\d:00 UTC: .* \(\d\d:00–\d\d:00 GMT\+8\)$/);
      expect(shanghai.filter).toBe(false);
      const kolkata = await textIn({ zone: 'Asia/Kolkata' });
      expect(kolkata.text).toContain('ends 06:09 UTC (11:39 GMT+5:30)');
      const lima = await textIn({ zone: 'America/Lima' });
      expect(lima.text).toContain('as of 2026-01-01 04:12:00 UTC (2025-12-31 23:12:00 GMT-5)');
      expect(lima.text).toContain('ends 06:09 UTC (2026-01-01 01:09 GMT-5)');
      const utc = await textIn({ zone: 'UTC' });
      const without = await textIn({ zone: 'Asia/Shanghai', script: false });
      for (const { text } of [utc, without]) {
        expect(text).toContain('as of 2026-01-01 04:12:00 UTC\n');
        expect(text).not.toMatch(/GMT|\(2026/);
      }
      expect(without.filter).toBe(true);
    }));
});

async function namesShown({ evaluate }: Visit): Promise<readonly string[]> {
  const keys = await evaluate<string[]>(
    '[...document.querySelectorAll("[data-key]")].filter((one) => one.offsetHeight > 0).map((one) => one.dataset.key)',
  );
  return keys.map((key) => key.replace('/token', ''));
}

it('a missing browser is reported with the command that installs it', async () => {
  expect(await openBrowser(onTestFinished, 'no-such-browser')).toBe(
    'chromium is missing: apt-get install chromium',
  );
});
