import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import type { View } from '../../../src/core/plan.ts';
import { HOUR, MINUTE } from '../../../src/core/time.ts';
import { createHistory } from '../../../src/observability/status/history.ts';
import { statusPage } from '../../../src/observability/status/page.ts';
import { html } from '../../../src/observability/status/page-style.ts';
import { statusJson } from '../../../src/observability/status/status-json.ts';
import { fakeClock } from '../../support/clock.ts';
import { PASSING_FAULT, tell, token } from '../../support/story.ts';
import { viewOf } from '../../support/view.ts';
import { crowd, scene, servedScene } from './page-scene.ts';

const STEP = { kind: 'fetch', reason: 'due', forced: false } as const;
const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };

async function pageOf(views: readonly View[], clock = fakeClock()): Promise<string> {
  return (await statusPage(views, createHistory(clock), clock.now())).body;
}

function namesIn(page: string): string[] {
  return [...page.matchAll(/<h2>(\S+) /g)].map(([, name = '']) => name);
}

/** What the lines of the page say. */
function linesIn(page: string): string[] {
  const summaries = [...page.matchAll(/<summary>(.*?)<\/summary>/g)].map(([, inside = '']) => inside);
  return summaries.map((inside) =>
    inside
      .replace(/(<[^>]*>)+/g, ' ')
      .replace(/ +/g, ' ')
      .trim(),
  );
}

describe('a record that cannot be written', () => {
  it('the page says since when and what a restart costs', async () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    story.happen({ type: 'observed', record: undefined });
    story.happen({ type: 'unstored', failure: { ...PASSING_FAULT, message: 'the volume is read-only' } });
    story.clock.pass(3 * MINUTE);
    const page = await pageOf([viewOf(story)], story.clock);
    expect(page).toContain('the volume is read-only');
    expect(page.replace(/<[^>]*>/g, '')).toContain('for 3 min, since 00:00 UTC; a restart now costs a call');
  });
});

describe('the page in Chinese', () => {
  it('says everything in Chinese but names, codes and what programs say', async () => {
    const { views, clock } = scene();
    const history = createHistory(clock);
    for (const { unit } of views) {
      history.serve(views.map((view) => view.unit));
      history.report(unit, { type: 'unchanged', step: STEP, lifeMs: 1, tookMs: 1 });
    }
    const { body } = await statusPage(views, history, clock.now(), 'zh');
    expect(body).toContain('<html lang="zh-CN">');
    const [, main = ''] = /<body>([\s\S]*)<script>/.exec(body) ?? [];
    const told = main
      .replace(/<(code|h2|time)\b[\s\S]*?<\/\1>/g, ' ')
      .replace(/ data-(key|find)="[^"]*"/g, ' ')
      .replace(/<[^>]*>/g, ' ');
    expect(told).toContain('把 203.0.113.9 加进 IP白名单');
    expect(told).toContain('读取方找不到任何内容');
    // Names of programs, codes, paths, places and units of settings stay; words of English sentences do not.
    const words = told
      .replaceAll(hostname(), ' ')
      .replace(/\S*(https?:|[./_-])\S*/g, ' ')
      .match(/[A-Za-z]{3,}/g);
    const known =
      /^(token|AppID|AppSecret|errcode|rid|UTC|JSON|readyz|livez|startupz|metrics|wxtoken|refresh|NAME|AppIDs?|ENOSPC|ndash|timeout|shop|jsapi)$/;
    expect(words?.filter((word) => !known.test(word))).toEqual([]);
  });

  it('says the same number of things as the page in English', async () => {
    const { views, clock } = scene();
    const history = createHistory(clock);
    const shapeOf = async (language: 'en' | 'zh') =>
      (await statusPage(views, history, clock.now(), language)).body.match(/<\w+/g);
    expect(await shapeOf('zh')).toEqual(await shapeOf('en'));
  });
});

describe('GET / of the health server', () => {
  it('a browser gets a status page that may load and run nothing', async () => {
    const response = await fetch(await servedScene(scene()), { headers: BROWSER });
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const page = await response.text();
    const [, style = ''] = /<style>([\s\S]+)<\/style>/.exec(page) ?? [];
    const [, script = ''] = /<script>([\s\S]+)<\/script>/.exec(page) ?? [];
    const digest = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    expect(response.headers.get('content-security-policy')).toBe(
      `default-src 'none'; script-src ${digest(script)}; style-src ${digest(style)}; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('vary')).toBe('accept');
    expect(page).toContain('<meta http-equiv="refresh" content="30">');
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page).not.toMatch(/<script [^>]|style="| on\w+="|https?:\/\/(?!www\.w3\.org|api\.weixin)/);
    expect(script).not.toMatch(/Storage|cookie|history|location\.(hash|search|href)|innerHTML/);
  });

  it.for([undefined, '*/*', 'application/json', 'text/plain'])(
    'a request with the Accept header %s gets JSON',
    async (accept) => {
      const response = await fetch(await servedScene(scene()), {
        headers: accept === undefined ? {} : { accept },
      });
      expect(response.headers.get('content-type')).toBe('application/json');
      const { host, credentials } = (await response.json()) as {
        readonly host: string;
        readonly credentials: readonly Record<string, unknown>[];
      };
      expect(host).toBe(hostname());
      expect(credentials.map(({ credential, state }) => `${credential} ${state}`)).toEqual([
        'shop fresh',
        'shop fresh',
        'members fresh',
        'campaign dead',
        'crm missing',
        'sandbox-account missing',
        'a-name-as-long-as-anybody-may-think-of-for-a-mini-program fresh',
      ]);
      expect(credentials[3]?.['history']).toContainEqual({
        at: expect.any(Number),
        refreshed: 0,
        failed: 25,
      });
    },
  );

  it('the status page and its JSON form contain no raw control characters', async () => {
    const url = await servedScene(scene());
    for (const headers of [BROWSER, {}]) {
      const text = await (await fetch(url, { headers })).text();
      expect(text).toContain('u202egnp.exe');
      expect(text).not.toMatch(/[\u001b\u202e]/);
    }
  });

  it('a status of two thousand credentials is built without blocking other work', async () => {
    const story = tell('stable-token');
    const views = Array.from({ length: 2000 }, () => viewOf(story));
    for (const make of [statusJson, statusPage]) {
      let isMade = false;
      let hadTurn = false;
      setImmediate(() => {
        hadTurn = !isMade;
      });
      const { body } = await make(views, createHistory(story.clock), story.clock.now());
      isMade = true;
      expect(hadTurn).toBe(true);
      const text = typeof body === 'string' ? body : Buffer.concat(body).toString();
      expect(text.length).toBeGreaterThan(10_000);
    }
  });

  it('the status page and its JSON form contain no token', async () => {
    const shown = scene();
    const url = await servedScene(shown);
    for (const headers of [BROWSER, {}]) {
      const text = await (await fetch(url, { headers })).text();
      for (const secret of shown.tokens) expect(text).not.toContain(secret);
    }
  });
});

describe('page content', () => {
  it('the status page lists broken credentials first, then broken optional ones', async () => {
    const { clock, views } = scene();
    const page = await pageOf(views, clock);
    expect(namesIn(page).slice(0, 4)).toEqual(['campaign', 'crm', 'sandbox-account', 'members']);
    expect(page).toContain('<h1>2 of 7 dead or missing</h1>');
    expect(page).toMatch(/sandbox-account <span class="kind">token<\/span><\/h2><span class="tag">optional</);
  });

  it('the status page shows the last error with meaning, remedy, count and start', async () => {
    const { clock, views } = scene();
    const page = await pageOf(views, clock);
    expect(page).toContain('<bdi>40164 203.0.113.9 is not on the IP whitelist (IP不在白名单)</bdi>');
    expect(page).toContain('<b>To do:</b> <bdi>Add 203.0.113.9 to the IP whitelist');
    expect(page).toContain(
      'errcode 40164 · rid 6a7b8c9d-0e1f2a3b-4c5d6e7f (of 2026-08-11T20:57:01Z, unofficial) · 7 times in a row for 2 h 20 min, since',
    );
    expect(page).toContain('8 of 2000 fetches, 0 of 20 forced in 24 hours');
    expect(page).toContain('in 2 min 30 s: another try, after the pause that the last failure asks for');
  });

  it('of three hundred credentials those in trouble come first and whole, the others in one line each', async () => {
    const { clock, views } = crowd(300);
    const page = await pageOf(views, clock);
    expect(namesIn(page)).toEqual(['shop-0101', 'shop-0251', 'shop-0299']);
    const lines = linesIn(page);
    expect(lines).toHaveLength(297);
    expect(lines[0]).toBe('shop-0001 第1商城 服务号 token 1 h 57 min left ends 02:00 UTC ✓ fresh');
    expect(lines[2]).toBe('shop-0003 token 1 h 57 min left ends 02:00 UTC ✓ fresh');
    expect(page.indexOf('<h2>shop-0299')).toBeLessThan(page.indexOf('<b>shop-0001</b>'));
    expect(page).toContain('<h1>2 of 300 dead or missing</h1>');
    expect(page).toContain(`300 tokens on ${hostname()}, as of <time`);
    expect(page.length).toBeLessThan(500_000);
  });

  it('up to three credentials are shown whole', async () => {
    const { clock, views } = crowd(3);
    const page = await pageOf(views, clock);
    expect(namesIn(page)).toHaveLength(3);
    expect(linesIn(page)).toEqual([]);
  });

  it('the status page of five thousand credentials shows the worst two thousand and counts the rest', async () => {
    const { clock, views } = crowd(5000);
    const page = await pageOf(views, clock);
    const broken = 34;
    expect(namesIn(page)).toHaveLength(broken);
    expect(linesIn(page)).toHaveLength(2000 - broken);
    expect(page).toContain('and 3000 more, none of them worse than these and none of them on this page');
    expect(page.length).toBeLessThan(3_000_000);
  });

  it('of thousands in trouble a hundred are shown whole, and the others in lines with what is wrong', async () => {
    const { clock, views } = crowd(150);
    const broken = views[100];
    const page = await pageOf(Array.from({ length: 150 }, () => broken ?? []).flat(), clock);
    expect(namesIn(page)).toHaveLength(100);
    expect(linesIn(page)).toHaveLength(50);
    expect(linesIn(page)[0]).toMatch(/^shop-0101 .* ○ not published$/);
    expect(page.match(/<bdi>40164 /g)).toHaveLength(150);
  });

  it('a title is escaped wherever it stands', async () => {
    const { clock, views } = scene();
    const page = await pageOf(views, clock);
    const escaped = '双十一活动 &lt;b&gt;&quot;小程序&quot;&lt;/b&gt; &amp; 更多';
    expect(page.split(escaped)).toHaveLength(3);
    expect(page).not.toContain('<b>"小程序"');
  });

  it.for([
    ['Readers have no live token', 0],
    ['Fresh', 1],
    ['In trouble', 2],
  ] as const)('the title of the status page for one credential reads “%s”', async ([words, fetches]) => {
    const story = tell('stable-token');
    if (fetches > 0) {
      story.fetch(token('a'));
      story.publish();
    }
    story.clock.pass(HOUR + 56 * MINUTE);
    if (fetches > 1) story.fail(PASSING_FAULT);
    const page = await pageOf([viewOf(story)], story.clock);
    expect(page).toContain(`<title>${words} &middot; ${hostname()} &middot; wx-token-sidecar</title>`);
    expect(page).toContain(`1 token on ${hostname()}, as of`);
  });

  it('the status page shows the life of the token that readers hold, not of a newer one', async () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    story.publish();
    story.clock.pass(HOUR + 57 * MINUTE);
    story.fetch(token('b'));
    const lifeIn = async () =>
      /<p class="life">(.*?)<\/p>/
        .exec(await pageOf([viewOf(story)], story.clock))?.[1]
        ?.replace(/(<.*?>)+/g, '|');
    expect(await lifeIn()).toContain('|3 min| left|ends |02:00 UTC|');
    for (const minutes of [4, 10]) {
      story.clock.pass(minutes * MINUTE);
      expect(await lifeIn()).toContain('|No life left|ended |02:00 UTC|');
    }
    story.publish();
    expect(await lifeIn()).toContain('|14 min old, ends |03:57 UTC|');
  });

  it('the status page draws the calls of each hour and describes them in words', async () => {
    const clock = fakeClock();
    const story = tell('stable-token', {}, 0.5, clock);
    const view = viewOf(story);
    const history = createHistory(clock);
    const step = { kind: 'fetch', reason: 'due', forced: false } as const;
    history.report(view.unit, { type: 'refreshed', step, lifeMs: 1, tookMs: 1 });
    clock.pass(23 * HOUR);
    history.report(view.unit, {
      type: 'failed',
      step,
      isFirst: false,
      failure: PASSING_FAULT,
      lifeMs: 0,
      tookMs: 1,
    });
    const { body } = await statusPage([view], history, clock.now());
    expect(body).toContain('aria-label="calls of the last 24 hours: 1 good, 1 failed"');
    expect(body).toMatch(/<title>00:00&ndash;01:00 UTC: 1 good, 0 failed<\/title><rect class="hit" x="0"/);
    expect(body).toMatch(/<title>23:00&ndash;00:00 UTC: 0 good, 1 failed<\/title><rect class="hit" x="230"/);
    expect(await pageOf([view], clock)).toContain('no calls');
  });
});

describe('HTML templates', () => {
  it('an HTML template escapes every value', () => {
    const evil = `<b title="x" id='y'>&amp;`;
    expect(html`<p class="${evil}">${evil}</p>`.html).toBe(
      `<p class="${'&lt;b title=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;'}">&lt;b title=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;</p>`,
    );
    expect(html`${'a\u202eb\u0000'}`.html).toBe('a\\u202eb\\u0000');
  });

  it('an HTML template keeps values that are HTML already', () => {
    const item = (value: number) => html`<i>${value}</i>`;
    expect(html`${[1, 2].map(item)}${item(3)}${undefined}`.html).toBe('<i>1</i><i>2</i><i>3</i>');
  });
});
