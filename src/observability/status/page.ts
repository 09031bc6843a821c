import type { View } from '../../core/plan.ts';
import { servedLife } from '../../core/readiness.ts';
import { type Instant, SECOND } from '../../core/time.ts';
import { version } from '../../system/process/version.ts';
import type { HttpAnswer } from '../http/http-server.ts';
import type { History } from './history.ts';
import { card, moment, type Tone } from './page-card.ts';
import { CONTENT_SECURITY_POLICY, type Html, html, STYLE_ELEMENT } from './page-style.ts';
import { statusOf } from './status.ts';
import { inSlices } from './status-json.ts';

/** Maximum number of credentials on one page. Of thousands, the page shows the worst. */
const MOST_CARDS = 100;

/** Seconds after which a browser reloads the page. */
const REFRESH = 30;

/**
 * Renders for people what the JSON tells programs: one page without script, with nothing secret and nothing loaded
 * from elsewhere.
 */
export async function statusPage(
  views: readonly View[],
  history: History,
  now: Instant,
): Promise<HttpAnswer> {
  const found = await inSlices(views, (view) => ({ view, rank: rankOf(view, now) }));
  const ranked = found.toSorted((a, b) => a.rank - b.rank);
  const cards = ranked.slice(0, MOST_CARDS).map(({ view }) =>
    card(statusOf(view, now), {
      history: history.of(view.unit),
      wall: now.wall,
      forcible: view.unit.policy.manual !== 'ordinary',
    }),
  );
  const headline = headlineOf(ranked.map(({ rank }) => rank));
  const rest = ranked.length - cards.length;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="${REFRESH}">
<title>${headline.text} &middot; wx-token-sidecar</title>
<link rel="icon" href="${iconOf(headline.tone)}">
${STYLE_ELEMENT}
</head>
<body>
<header class="top ${headline.tone}"><h1>${headline.text}</h1><p>${subtitle(views)}, as of ${moment(Math.floor(now.wall / SECOND))}</p></header>
<main>
${cards}${rest > 0 ? html`<p class="rest-of-them">and ${rest} more, none of them worse than these</p>` : ''}
</main>
${footer()}
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
  const isLate = Object.values(state.targets).some(
    ({ generation, failure }) => failure || generation !== token?.generation,
  );
  return rank(isLate || lastFailure || state.store.trouble ? 'trouble' : 'good');
}

function headlineOf(ranks: readonly number[]): { readonly text: string; readonly tone: Tone } {
  const count = (name: (typeof RANKS)[number]) => ranks.filter((rank) => RANKS[rank] === name).length;
  const [dead, trouble] = [count('dead'), count('trouble') + count('optional')];
  const isOne = ranks.length === 1;
  const some = (bad: number, what: string) => `${bad} of ${ranks.length} ${what}`;
  if (dead > 0)
    return { text: isOne ? 'Readers have no live token' : some(dead, 'dead or missing'), tone: 'bad' };
  if (trouble > 0) return { text: isOne ? 'In trouble' : some(trouble, 'in trouble'), tone: 'warning' };
  return { text: isOne ? 'Fresh' : `All ${ranks.length} are fresh`, tone: 'good' };
}

function subtitle(views: readonly View[]): string {
  const tokens = views.filter(({ unit }) => unit.kind === 'token').length;
  const tickets = views.length - tokens;
  const some = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;
  return tickets === 0 ? some(tokens, 'token') : `${some(tokens, 'token')} and ${some(tickets, 'ticket')}`;
}

const ICONS: Readonly<Record<Tone, string>> = { good: '177245', warning: 'c98a1b', bad: 'b3261e' };

/** Returns an icon in the colour of the tone, so that the tab of the browser shows the state too. */
function iconOf(tone: Tone): string {
  const circle = `%3Ccircle cx='8' cy='8' r='7' fill='%23${ICONS[tone]}'/%3E`;
  return `data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E${circle}%3C/svg%3E`;
}

function footer(): Html {
  const links = ['readyz', 'livez', 'startupz', 'metrics'].map(
    (path) => html`<a href="/${path}">${path}</a> `,
  );
  return html`<footer><p>wx-token-sidecar ${version}, renewed every ${REFRESH} s. Nothing here is secret. ${links}</p>
<p>Programs get the same as JSON at this address.</p></footer>`;
}
