import { SECOND } from '../../core/time.ts';
import { inWords } from '../log/duration.ts';
import type { HourOfHistory } from './history.ts';
import { historyChart, lifeBar } from './page-chart.ts';
import { type Html, html } from './page-style.ts';
import type { Status, StatusError, TargetStatus } from './status.ts';

/** Severity of a credential's state. `warning`: it works, but will not go on working. */
export type Tone = 'good' | 'warning' | 'bad';

/** What a card shows besides the status. */
export interface CardContext {
  readonly history: readonly HourOfHistory[];
  /** The current time, epoch ms. */
  readonly wall: number;
  /** Whether a refresh can be forced. */
  readonly forcible: boolean;
}

function toneOf({ state, error, state_error, targets }: Status): Tone {
  if (state !== 'fresh') return 'bad';
  const isLate = targets.some((target) => target.state !== 'fresh' || target.error);
  return isLate || error || state_error ? 'warning' : 'good';
}

/** Each state has its own words and its own sign, because colour alone tells some people nothing. */
const STATES: Readonly<Record<TargetStatus['state'], string>> = {
  fresh: '✓ fresh',
  behind: '◐ holds the one before',
  dead: '✕ dead',
  missing: '○ not published',
  unreadable: '⊘ unreadable',
  unknown: '? life unknown',
};

/** Renders one credential or one ticket. */
export function card(status: Status, context: CardContext): Html {
  const { credential, kind, optional, state, account, targets } = status;
  const tone = toneOf(status);
  const words = tone === 'warning' ? '⚠ fresh, but in trouble' : STATES[state];
  return html`<article class="card ${tone}">
<div class="head"><h2>${credential} <span class="kind">${kind}</span></h2>${optional ? html`<span class="tag">optional</span>` : ''}<p class="state">${words}</p></div>
${life(status, context.wall)}
${notes(status, context.wall)}
<div class="more"><dl>
<dt>Account</dt><dd><code>${account}</code></dd>
<dt>Published</dt><dd>${targets.length > 0 ? targets.map(target) : 'nowhere'}</dd>
<dt>Next</dt><dd>${next(status)}</dd>
<dt>Calls</dt><dd>${calls(status, context)}</dd>
</dl>${historyChart(context.history, context.wall)}</div>
</article>
`;
}

/**
 * Renders the life of the token that readers have: that of the worst target, not that of the newest token, which
 * readers may not have yet.
 */
function life({ state, targets, expires_in = 1, ...newest }: Status, wall: number): Html {
  const [held = newest] = targets.toSorted((a, b) => (a.life_left ?? 0) - (b.life_left ?? 0));
  const { life_left: left, age, expires_at } = held;
  if (state === 'missing' || left === undefined) {
    const isAnywhere = targets.some((one) => one.state !== 'missing');
    const words = isAnywhere ? 'Some readers find nothing.' : 'Readers find nothing.';
    return html`${lifeBar(0)}<p class="life"><span>${words}</span></p>`;
  }
  const words = left > 0 ? html`<b>${spoken(left)}</b> left` : html`<b>No life left</b>`;
  // Derive the end from the life left, which allows for every reason to doubt what the platform said.
  const end = left > 0 ? wall / SECOND + left : expires_at;
  // If a token died before its time, the moment of its end was not recorded, so none is shown.
  const isTold = end !== undefined && (left > 0 || end <= wall / SECOND);
  const times = [
    ...(age === undefined ? [] : [html`${spoken(age)} old`]),
    ...(isTold ? [html`${left > 0 ? 'ends' : 'ended'} ${moment(end, wall)}`] : []),
  ];
  const told = times.map((one, index) => html`${index > 0 ? ', ' : ''}${one}`);
  return html`${lifeBar(left / expires_in)}<p class="life"><span>${words}</span><span>${told}</span></p>`;
}

function notes({ error, state_error, targets }: Status, wall: number): readonly Html[] {
  const ofTargets = targets.flatMap((one) => one.error ?? []);
  const problems = [...(error ? [error] : []), ...(state_error ? [state_error] : []), ...ofTargets];
  return problems.map((problem) => {
    const { message, advice } = problem;
    const remedy = advice === undefined ? '' : html`<p><b>To do:</b> <bdi>${advice}</bdi></p>`;
    const facts = problem === error ? html`<p class="facts">${often(error, wall)}</p>` : '';
    return html`<div class="note"><p><bdi>${message}</bdi></p>${remedy}${facts}</div>`;
  });
}

function often({ code, errcode, rid, failures, since }: StatusError, wall: number): Html {
  const ago = spoken(wall / SECOND - since);
  const isOnce = failures === 1;
  const facts = [
    errcode === undefined ? code : `errcode ${errcode}`,
    ...(rid === undefined ? [] : [`rid ${rid}`]),
    isOnce ? `once, ${ago} ago` : `${failures} times in a row for ${ago}`,
  ];
  return html`${facts.join(' · ')}, ${isOnce ? 'at' : 'since'} ${moment(since, wall)}`;
}

function target({ id, state }: TargetStatus): Html {
  const mark = state === 'fresh' ? 'facts mark' : 'facts mark tone';
  return html`<p><code><bdi>${id.replace(/^file:/, '')}</bdi></code> <span class="${mark}">${STATES[state]}</span></p>`;
}

function next({ next: { in: seconds, what } }: Status): Html {
  return html`${seconds > 0 ? `in ${spoken(seconds)}: ` : 'now: '}${what}`;
}

function calls({ calls: { fetches, forced } }: Status, { forcible }: CardContext): Html {
  const rest = forcible ? `, ${forced.used} of ${forced.limit} forced` : '';
  return html`${fetches.used} of ${fetches.limit} fetches${rest} in 24 hours`;
}

/** Formats a duration without a last part that is zero: `3 min`, not `3 min 0 s`. */
function spoken(seconds: number): string {
  return inWords(seconds * SECOND).replace(/ 0 (min|s)$/, '');
}

/**
 * Renders a moment in UTC.
 * @param epoch epoch seconds
 * @param wall the current time, epoch ms: on the same day the time without the date is enough
 */
export function moment(epoch: number, wall?: number): Html {
  const iso = new Date(Math.floor(epoch) * SECOND).toISOString();
  const [day, time] = [iso.slice(0, 10), iso.slice(11, 19)];
  const isToday = wall !== undefined && new Date(wall).toISOString().startsWith(day);
  return html`<time datetime="${iso}">${isToday ? time.slice(0, 5) : `${day} ${time}`} UTC</time>`;
}
