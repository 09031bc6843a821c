import { hostname } from 'node:os';
import type { View } from '../../core/plan.ts';
import { servedLife } from '../../core/readiness.ts';
import { behindSince } from '../../core/state/store.ts';
import type { Language } from '../../core/text.ts';
import { type Instant, SECOND } from '../../core/time.ts';
import { version } from '../../system/process/version.ts';
import { inSlices } from '../../system/time/slices.ts';
import type { HttpAnswer } from '../http/http-server.ts';
import type { History } from './history.ts';
import { card, line, type Tone } from './page-card.ts';
import { CONTENT_SECURITY_POLICY, SCRIPT_ELEMENT, STYLE_ELEMENT } from './page-policy.ts';
import { type Html, html } from './page-style.ts';
import { moment, PAGE_TEXTS, type PageTexts } from './page-texts.ts';
import { statusOf } from './status.ts';

/** Up to this many tokens and tickets, each is shown whole. Of more, only those in trouble are. */
const FEW = 3;

/** Maximum number of credentials that are shown whole, and that are shown at all. Of more, the page shows the worst. */
const MOST_CARDS = 100;
const MOST_SHOWN = 2000;

/** Seconds after which a browser renews the page. */
const REFRESH = 30;

/**
 * Renders for people what the JSON tells programs: one page with nothing secret and nothing loaded from elsewhere,
 * which is whole without its script.
 */
export async function statusPage(
  views: Iterable<View>,
  history: History,
  now: Instant,
  language: Language = 'en',
): Promise<HttpAnswer & { readonly body: string }> {
  const texts = PAGE_TEXTS[language];
  const found = await inSlices(views, (view) => ({ view, rank: rankOf(view, now) }));
  const ranked = found.toSorted((a, b) => a.rank - b.rank);
  const shown = ranked.slice(0, MOST_SHOWN).map((one, index) => ({ ...one, index }));
  const entries = await inSlices(shown, ({ view, rank, index }) => {
    const isWhole = index < MOST_CARDS && (ranked.length <= FEW || RANKS[rank] !== 'good');
    return (isWhole ? card : line)(statusOf(view, now), {
      history: isWhole ? history.of(view.unit) : [],
      wall: now.wall,
      forcible: view.unit.policy.manual !== 'ordinary',
      ...{ language, texts },
    });
  });
  const headline = headlineOf(
    ranked.map(({ rank }) => rank),
    texts,
  );
  const rest = ranked.length - entries.length;
  const host = hostname();
  const page = html`<!doctype html>
<html lang="${texts.tag}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<noscript><meta http-equiv="refresh" content="${REFRESH}"></noscript>
<title>${headline.text} &middot; ${host} &middot; wx-token-sidecar</title>
<link rel="icon" href="${iconOf(headline.tone)}">
${STYLE_ELEMENT}
</head>
<body>
<header class="top ${headline.tone}"><h1>${headline.text}</h1><p>${subtitle(
    found.map(({ view }) => view),
    host,
    now,
    texts,
  )}</p></header>
${filter(texts)}
<p class="stale" role="alert" data-text="${texts.stale}" hidden></p>
<main>
${entries}${rest > 0 ? html`<p class="rest-of-them">${texts.more(rest)}</p>` : ''}
</main>
${footer(texts)}
${SCRIPT_ELEMENT}
</body>
</html>
`;
  return {
    status: 200,
    type: 'text/html; charset=utf-8',
    body: page.html,
    headers: {
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'referrer-policy': 'no-referrer',
      vary: 'accept',
    },
  };
}

const RANKS = ['dead', 'optional', 'trouble', 'good'] as const;

/**
 * Returns the rank of a credential on the page: credentials that a person must look at come first. It has to be
 * cheap, since it is called for thousands of credentials.
 */
function rankOf({ unit, state }: View, now: Instant): number {
  const left = servedLife(state, unit.policy, now);
  const rank = (name: (typeof RANKS)[number]) => RANKS.indexOf(name);
  if (left === undefined || left <= 0) return rank(unit.optional ? 'optional' : 'dead');
  const { token, lastFailure } = state.record;
  const isLate = state.targets.some(({ generation, failure }) => failure || generation !== token?.generation);
  return rank(isLate || lastFailure || behindSince(state.store, now) ? 'trouble' : 'good');
}

function headlineOf(
  ranks: readonly number[],
  texts: PageTexts,
): { readonly text: string; readonly tone: Tone } {
  const count = (name: (typeof RANKS)[number]) => ranks.filter((rank) => RANKS[rank] === name).length;
  const [dead, trouble, all] = [count('dead'), count('trouble') + count('optional'), ranks.length];
  const isOne = all === 1;
  if (dead > 0) return { text: isOne ? texts.oneDead : texts.manyDead(dead, all), tone: 'bad' };
  if (trouble > 0)
    return { text: isOne ? texts.oneInTrouble : texts.manyInTrouble(trouble, all), tone: 'warning' };
  return { text: isOne ? texts.oneFresh : texts.allFresh(all), tone: 'good' };
}

function subtitle(views: readonly View[], host: string, now: Instant, texts: PageTexts): Html {
  const tokens = views.filter(({ unit }) => unit.kind === 'token').length;
  return texts.subtitle(tokens, views.length - tokens, host, moment(Math.floor(now.wall / SECOND)));
}

/** The filter is hidden until the script, which makes it work, shows it. A browser is to remember nothing of it. */
function filter(texts: PageTexts): Html {
  return html`<div class="filter" role="search" data-few="${FEW}" data-every="${REFRESH}" data-count="${texts.filterCount}" hidden><label for="filter">${texts.filter}</label><input id="filter" type="search" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="200" placeholder="${texts.filterHint}" aria-keyshortcuts="/"><output for="filter"></output></div>`;
}

const ICONS: Readonly<Record<Tone, string>> = { good: '177245', warning: 'c98a1b', bad: 'b3261e' };

/** Returns an icon in the colour of the tone, so that the tab of the browser shows the state too. */
function iconOf(tone: Tone): string {
  const circle = `%3Ccircle cx='8' cy='8' r='7' fill='%23${ICONS[tone]}'/%3E`;
  return `data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E${circle}%3C/svg%3E`;
}

function footer(texts: PageTexts): Html {
  const links = ['readyz', 'livez', 'startupz', 'metrics'].map(
    (path) => html`<a href="/${path}">${path}</a> `,
  );
  return html`<footer><p>${texts.footer(version, REFRESH)} ${links}</p>
<p>${texts.forPrograms}</p></footer>`;
}
