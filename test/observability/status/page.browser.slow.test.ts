import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openBrowser } from '../../support/browser.ts';
import { scene, servedScene } from './page-scene.ts';

const LOOKS = [
  { scheme: 'light', width: 1280, height: 900 },
  { scheme: 'dark', width: 1280, height: 900 },
  { scheme: 'light', width: 375, height: 800 },
  { scheme: 'dark', width: 375, height: 800 },
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
    beyond: all.filter((one) => one.getBoundingClientRect().right > innerWidth + 1).map(({ outerHTML }) => outerHTML),
    active: document.querySelectorAll('script, iframe, object, embed, img, form, [onload], [onerror]').length,
    states: pills.map(({ innerText }) => innerText),
    colours: pills.map((pill) => getComputedStyle(pill).color),
    bars: [...document.querySelectorAll('.card')].map((card) => Math.round(bar(card) * 100)),
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

it('Chromium shows the page in light and dark, wide and narrow, and loads nothing else', async (ctx) => {
  const browser = await openBrowser(onTestFinished);
  if (typeof browser === 'string') return ctx.skip(browser);
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
    expect(facts).toMatchObject({ overflow: 0, beyond: [], active: 0, charts: 7 });
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
    expect(facts.bars).toEqual([0, 0, 0, 2, 98, 98, 98]);
    expect(facts.paper > 200).toBe(look.scheme === 'light');
    expect(Math.abs(facts.paper - facts.ink)).toBeGreaterThan(150);
    expect(facts.text).toContain('<script>alert(1)</script>/"onload=alert(2) x="/\\u202egnp.exe/');
    expect(facts.text).not.toMatch(/[\u202e\u001b]/);
  }
});

it('a missing browser is reported with the command that installs it', async () => {
  expect(await openBrowser(onTestFinished, 'no-such-browser')).toBe(
    'chromium is missing: apt-get install chromium',
  );
});
