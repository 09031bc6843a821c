import { SECOND } from '../../core/time.ts';
import { inWords } from '../log/duration.ts';
import { type Html, html } from './page-style.ts';
import type { TargetStatus } from './status.ts';

/** Every text of the page, except for what the status itself says: its next steps, errors and advice. */

/** Each state has its own words and its own sign, because colour alone tells some people nothing. */
const STATES: Readonly<Record<TargetStatus['state'], string>> = {
  fresh: '✓ fresh',
  behind: '◐ holds the one before',
  dead: '✕ dead',
  missing: '○ not published',
  unreadable: '⊘ unreadable',
  unknown: '? life unknown',
};

export const TEXTS = {
  language: 'en',
  states: STATES,
  inTrouble: '⚠ fresh, but in trouble',
  optional: 'optional',
  labels: {
    account: 'Account',
    published: 'Published',
    next: 'Next',
    calls: 'Calls',
    toDo: 'To do:',
  },
  nowhere: 'nowhere',

  /** Headlines; those about one credential do not count. */
  oneDead: 'Readers have no live token',
  oneInTrouble: 'In trouble',
  oneFresh: 'Fresh',
  manyDead: (count: number, all: number) => `${count} of ${all} dead or missing`,
  manyInTrouble: (count: number, all: number) => `${count} of ${all} in trouble`,
  allFresh: (all: number) => `All ${all} are fresh`,
  /** What is shown, where, and as of when. */
  subtitle(tokens: number, tickets: number, host: string, at: Html): Html {
    const count = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`;
    const what = [count(tokens, 'token'), ...(tickets > 0 ? [count(tickets, 'ticket')] : [])].join(' and ');
    return html`${what} on ${host}, as of ${at}`;
  },
  more: (count: number) => `and ${count} more, none of them worse than these and none of them on this page`,

  readersFindNothing: 'Readers find nothing.',
  someReadersFindNothing: 'Some readers find nothing.',
  noLifeLeft: 'No life left',
  left: (life: string) => html`<b>${life}</b> left`,
  old: (age: string) => html`${age} old`,
  ends: (at: Html) => html`ends ${at}`,
  ended: (at: Html) => html`ended ${at}`,
  nextIn: (wait: string, what: string) => `in ${wait}: ${what}`,
  nextNow: (what: string) => `now: ${what}`,
  errcode: (code: number) => `errcode ${code}`,
  rid: (rid: string) => `rid ${rid}`,
  onceAgo: (ago: string, at: Html) => html`once, ${ago} ago, at ${at}`,
  inARow: (times: number, lasting: string, at: Html) =>
    html`${times} times in a row for ${lasting}, since ${at}`,
  unwritten: (lasting: string, at: Html, restart: string) => html`for ${lasting}, since ${at}; ${restart}`,
  fetches: (used: number, limit: number) => `${used} of ${limit} fetches`,
  forced: (used: number, limit: number) => `, ${used} of ${limit} forced`,
  inADay: ' in 24 hours',

  chart: (counts: string) => `calls of the last 24 hours: ${counts}`,
  counts: (good: number, failed: number) => `${good} good, ${failed} failed`,
  noCalls: 'no calls',
  hoursAgo: '24 h ago',
  now: 'now',

  /** The script replaces `{shown}`, `{all}` and `{at}`. */
  filter: 'Filter',
  filterHint: 'name, title, AppID or state',
  filterCount: '{shown} of {all} shown',
  stale: 'The daemon has not answered since {at}. What you see is from then.',
  footer: (version: string, seconds: number) =>
    `wx-token-sidecar ${version}, renewed every ${seconds} s. Nothing here is secret.`,
  forPrograms: 'Programs get the same as JSON at this address.',
};

/** Formats a duration without a last part that is zero: `3 min`, not `3 min 0 s`. */
export function spoken(seconds: number): string {
  return inWords(seconds * SECOND).replace(/ 0 (min|s)$/, '');
}

/**
 * Renders a moment in UTC. The script of the page adds the reader's own time.
 * @param epoch epoch seconds
 * @param wall the current time, epoch ms: on the same day the time without the date is enough
 */
export function moment(epoch: number, wall?: number): Html {
  const iso = new Date(Math.floor(epoch) * SECOND).toISOString();
  const [day, time] = [iso.slice(0, 10), iso.slice(11, 19)];
  const isToday = wall !== undefined && new Date(wall).toISOString().startsWith(day);
  return html`<time datetime="${iso}">${isToday ? time.slice(0, 5) : `${day} ${time}`} UTC</time>`;
}
