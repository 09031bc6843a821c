import { ridInWords } from '../../core/rid.ts';
import { inLanguage, type Language, type Text } from '../../core/text.ts';
import { SECOND } from '../../core/time.ts';
import type { HourOfHistory } from './history.ts';
import { historyChart, lifeBar } from './page-chart.ts';
import { type Html, html, prose } from './page-style.ts';
import { moment, type PageTexts } from './page-texts.ts';
import type { PushTroubleStatus, Status, StatusError, TargetError, TargetStatus } from './status.ts';
import type { StateError } from './unwritten.ts';

/** Severity of a credential's state. `warning`: it works, but will not go on working. */
export type Tone = 'good' | 'warning' | 'bad';

/** What a card shows besides the status. */
export interface CardContext {
  readonly history: readonly HourOfHistory[];
  /** The current time, epoch ms. */
  readonly wall: number;
  /** Whether a refresh can be forced. */
  readonly forcible: boolean;
  readonly language: Language;
  readonly texts: PageTexts;
}

function toneOf({ state, error, state_error, pushed_ticket, targets }: Status): Tone {
  if (state !== 'fresh') return 'bad';
  const isLate = targets.some((target) => target.state !== 'fresh' || target.error);
  return isLate || error || state_error || pushed_ticket?.trouble ? 'warning' : 'good';
}

/** Renders one credential or one ticket with everything that is known of it. */
export function card(status: Status, context: CardContext): Html {
  const { credential, kind, optional } = status;
  const { texts } = context;
  const tag = optional ? html`<span class="tag">${texts.optional}</span>` : '';
  return html`<article class="card ${toneOf(status)}" ${marks(status, texts)}>
<div class="head"><h2>${credential}${titleOf(status)} <span class="kind">${kind}</span></h2>${tag}<p class="state">${words(status, texts)}</p></div>
${life(status, context)}
${notes(status, context)}
<div class="more">${facts(status, context)}${historyChart(context.history, context.wall, texts)}</div>
</article>
`;
}

/** Renders one credential or one ticket as one line, which opens. Of thousands, each has to be short. */
export function line(status: Status, context: CardContext): Html {
  const { credential, kind, optional } = status;
  const { texts } = context;
  const { bar, left, end } = lifeOf(status, context);
  const [sign = '', ...rest] = words(status, texts).split(' ');
  const tag = optional ? html` <span class="tag">${texts.optional}</span>` : '';
  return html`<details class="card line ${toneOf(status)}" ${marks(status, texts)}>
<summary><span class="who"><b>${credential}</b>${titleOf(status)} <span class="kind">${kind}</span>${tag}</span>${bar}<span class="left-over">${left}</span><span class="ends">${end}</span><span class="state">${sign} <span class="words">${rest.join(' ')}</span></span></summary>
<div class="body">${life(status, context)}
${notes(status, context)}
<div class="more">${facts(status, context)}</div></div>
</details>
`;
}

/** Renders attributes for the script: by what the entry is told from others, and by what a filter finds it. */
function marks(status: Status, texts: PageTexts): Html {
  const { credential, title = '', kind, account, state, optional } = status;
  const tag = optional ? texts.optional : '';
  const told = [credential, title, kind, account, state, words(status, texts), tag].filter(
    (text) => text !== '',
  );
  return html`data-key="${credential}/${kind}" data-find="${told.join(' ')}"`;
}

function words(status: Status, texts: PageTexts): string {
  return toneOf(status) === 'warning' ? texts.inTrouble : texts.states[status.state];
}

function titleOf({ title }: Status): Html | string {
  return title === undefined ? '' : html` <span class="title"><bdi>${title}</bdi></span>`;
}

/** Between the clauses of a line. */
const BETWEEN: Text = { en: ', ', zh: '，' };

/** Renders the life of the token that readers have. */
function life(status: Status, context: CardContext): Html {
  const { bar, left, age, end } = lifeOf(status, context);
  const times = [...(age ? [age] : []), ...(end ? [end] : [])];
  const told = times.map((one, index) => html`${index > 0 ? BETWEEN[context.language] : ''}${one}`);
  return html`${bar}<p class="life"><span>${left}</span>${times.length > 0 ? html`<span>${told}</span>` : ''}</p>`;
}

interface Life {
  readonly bar: Html;
  readonly left: Html | string;
  readonly age?: Html;
  readonly end?: Html;
}

/**
 * Describes the life of the token that readers have: that of the worst target, not that of the newest token, which
 * readers may not have yet.
 */
function lifeOf({ state, targets, expires_in = 1, ...newest }: Status, { wall, texts }: CardContext): Life {
  const [held = newest] = targets.toSorted((a, b) => (a.life_left ?? 0) - (b.life_left ?? 0));
  const { life_left: left, age, expires_at } = held;
  if (state === 'missing' || left === undefined) {
    const isAnywhere = targets.some((one) => one.state !== 'missing');
    const told = isAnywhere ? texts.someReadersFindNothing : texts.readersFindNothing;
    return { bar: lifeBar(0), left: told };
  }
  // Derive the end from the life left, which allows for every reason to doubt what the platform said.
  const end = left > 0 ? wall / SECOND + left : expires_at;
  // If a token died before its time, the moment of its end was not recorded, so none is shown.
  const isTold = end !== undefined && (left > 0 || end <= wall / SECOND);
  return {
    bar: lifeBar(left / expires_in),
    left: left > 0 ? texts.left(texts.spoken(left)) : html`<b>${texts.noLifeLeft}</b>`,
    ...(age !== undefined && { age: texts.old(texts.spoken(age)) }),
    ...(isTold && { end: left > 0 ? texts.ends(moment(end, wall)) : texts.ended(moment(end, wall)) }),
  };
}

function notes(
  { error, state_error, pushed_ticket, targets }: Status,
  context: CardContext,
): readonly Html[] {
  const { texts, language } = context;
  const ofTargets = targets.flatMap((one) => one.error ?? []);
  const { trouble, error: unasked } = pushed_ticket ?? {};
  const problems: readonly TargetError[] = [error, state_error, trouble, unasked, ...ofTargets].filter(
    (problem) => problem !== undefined,
  );
  return problems.map((problem) => {
    const { message, advice } = inLanguage<TargetError>(problem, language);
    const remedy =
      advice === undefined ? '' : html`<p><b>${texts.labels.toDo}</b> <bdi>${prose(advice)}</bdi></p>`;
    const often = error && problem === error ? html`<p class="facts">${howOften(error, context)}</p>` : '';
    const lost =
      trouble && problem === trouble ? html`<p class="facts">${howManyLost(trouble, context)}</p>` : '';
    const restart =
      state_error && problem === state_error
        ? html`<p class="facts">${ifRestarted(state_error, context)}</p>`
        : '';
    return html`<div class="note"><p><bdi>${message}</bdi></p>${remedy}${often}${lost}${restart}</div>`;
  });
}

/** Since when the record has not been written, and what a restart would cost. */
function ifRestarted(error: StateError, { wall, texts, language }: CardContext): Html | string {
  const { since, restart = '' } = inLanguage(error, language);
  if (since === undefined) return restart;
  return texts.unwritten(texts.spoken(wall / SECOND - since), moment(since, wall), restart);
}

function howOften(
  { code, errcode, rid, failures, since }: StatusError,
  { wall, texts, language }: CardContext,
): Html {
  const ago = texts.spoken(wall / SECOND - since);
  const at = moment(since, wall);
  const codes = [
    errcode === undefined ? code : texts.errcode(errcode),
    ...(rid === undefined ? [] : [`rid ${ridInWords(rid)[language]}`]),
  ];
  const often = failures === 1 ? texts.onceAgo(ago, at) : texts.inARow(failures, ago, at);
  return html`${[...codes, ''].join(' · ')}${often}`;
}

function howManyLost({ code, count, since }: PushTroubleStatus, { wall, texts }: CardContext): Html | string {
  if (count === undefined || since === undefined) return '';
  const ago = texts.spoken(wall / SECOND - since);
  const at = moment(since, wall);
  return html`${code} · ${count === 1 ? texts.onceAgo(ago, at) : texts.inARow(count, ago, at)}`;
}

function facts(status: Status, context: CardContext): Html {
  const { account, targets } = status;
  const { texts, language } = context;
  const { labels } = texts;
  return html`<dl>
<dt>${labels.account}</dt><dd><code>${account}</code></dd>
<dt>${labels.published}</dt><dd>${targets.length > 0 ? targets.map((one) => target(one, texts)) : texts.nowhere}</dd>
<dt>${labels.next}</dt><dd>${next(inLanguage(status.next, language), texts)}</dd>
<dt>${labels.calls}</dt><dd>${calls(status, context)}</dd>
</dl>`;
}

function target({ id, state }: TargetStatus, texts: PageTexts): Html {
  const mark = state === 'fresh' ? 'facts mark' : 'facts mark tone';
  return html`<p><code><bdi>${id.replace(/^file:/, '')}</bdi></code> <span class="${mark}">${texts.states[state]}</span></p>`;
}

function next({ in: seconds, what }: Status['next'], texts: PageTexts): string {
  return seconds > 0 ? texts.nextIn(texts.spoken(seconds), what) : texts.nextNow(what);
}

function calls({ calls: { fetches, forced } }: Status, { forcible, texts }: CardContext): string {
  const rest = forcible ? texts.forced(forced.used, forced.limit) : '';
  return `${texts.fetches(fetches.used, fetches.limit)}${rest}${texts.inADay}`;
}
