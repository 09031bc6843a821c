import { inWords } from '../../observability/log/duration.ts';
import { escapeControls } from '../../observability/log/escape.ts';
import type { ServerStatus } from '../../observability/status/server-status.ts';
import type { Standing, Status, TargetError } from '../../observability/status/status.ts';
import { PAINTS, pathOf, titleOn } from './status-table.ts';
import { padded, painted, type Terminal, wrapped } from './table.ts';
import type { Told } from './told.ts';

type Line = readonly [label: string, text: string];

/** Width of a label in columns, including the blanks after it. */
const LABEL = 10;

/** Maximum width of a line in columns: longer lines are hard to read, however wide the terminal is. */
const WIDEST = 100;

export function isInTrouble({ state, error, state_error, targets, next }: Told): boolean {
  const isLate = targets.some(isNotWell);
  return state !== 'fresh' || isLate || Boolean(error ?? state_error ?? next.overdue);
}

/**
 * Describes in full what is wrong with a credential and what a person can do. The last line says what happens by
 * itself.
 */
export function troubleOf(status: Told, at: number, terminal: Terminal): readonly string[] {
  const { credential, kind, account, state } = status;
  const title = titleOn(terminal, status);
  const called = title === undefined ? '' : ` (${escapeControls(title)})`;
  const name = `${painted(escapeControls(credential), 'strong', terminal)}${called} ${kind} `;
  const lines = linesOf(status, at).flatMap(([label, text]) =>
    laidOut(label, escapeControls(text), terminal),
  );
  return [`${name}${painted(WORDS[state], PAINTS[state], terminal)}: ${escapeControls(account)}`, ...lines];
}

/** Describes a server of the daemon that cannot listen, and what a person can do. */
export function serverTroubleOf(
  { what, setting, problem: found }: ServerStatus,
  at: number,
  terminal: Terminal,
): readonly string[] {
  if (!found) return [];
  const { message, advice, since } = found;
  const lines: readonly Line[] = [...problem('error', { message, advice }), sinceLine(since, at)];
  return [
    `${painted(what, 'strong', terminal)} ${painted('cannot be reached', 'bad', terminal)}: ${escapeControls(setting)}`,
    ...lines.flatMap(([label, text]) => laidOut(label, escapeControls(text), terminal)),
  ];
}

const WORDS: Readonly<Record<Standing, string>> = {
  fresh: 'is fresh',
  dead: 'is dead',
  missing: 'is missing',
  unreadable: 'cannot be read',
  unknown: 'has an unknown life',
};

/** Whether readers do not find the newest value in a target, or not as it was configured. */
function isNotWell({ state, error }: Told['targets'][number]): boolean {
  return state !== 'fresh' || error?.code === 'mode-not-had';
}

function linesOf({ error, state_error, targets, next }: Told, at: number): readonly Line[] {
  const lines: Line[] = [];
  if (error) {
    const { errcode, rid, failures, since } = error;
    const codes = [
      ...(errcode === undefined ? [] : [`errcode ${errcode}`]),
      ...(rid === undefined ? [] : [`rid ${rid}`]),
    ];
    const often = failures === 1 ? 'once' : `${failures} times in a row`;
    lines.push(...problem('error', error));
    if (codes.length > 0) lines.push(['answer', codes.join(', ')]);
    lines.push(sinceLine(since, at, `, ${often}`));
  }
  if (state_error) {
    const { since, restart } = state_error;
    lines.push(...problem('record', state_error));
    if (since !== undefined) lines.push(sinceLine(since, at));
    if (restart !== undefined) lines.push(['restart', restart]);
  }
  for (const target of targets.filter(isNotWell)) {
    lines.push(
      ...problem('target', target.error ?? { message: `${pathOf(target)} ${OF_TARGET[target.state]}` }),
    );
  }
  const when = next.in > 0 ? `in ${inWords(next.in * 1000)}: ` : '';
  lines.push([
    'next',
    next.overdue ? `overdue: ${next.what}; the last line tells of the daemon` : `${when}${next.what}`,
  ]);
  return lines;
}

const OF_TARGET: Readonly<Record<Status['targets'][number]['state'], string>> = {
  fresh: 'holds the newest one',
  behind: 'holds an older one, which still works',
  dead: 'holds one that has ended or was replaced long ago',
  missing: 'is missing',
  unreadable: 'cannot be read',
  unknown: 'is there; when it ends is not known',
};

function problem(label: string, { message, advice }: Omit<TargetError, 'code'>): readonly Line[] {
  return [[label, message], ...(advice === undefined ? [] : ([['to do', advice]] as const))];
}

function sinceLine(since: number, at: number, more = ''): Line {
  return ['since', `${dateOf(since)}, ${inWords(Math.max(0, at - since) * 1000)} ago${more}`];
}

function dateOf(epoch: number): string {
  return new Date(epoch * 1000).toISOString().replace(/\.\d+/, '');
}

/** Lays out a label and its text: wrapped to a readable width for a person, on one line for a program. */
function laidOut(label: string, text: string, terminal: Terminal): readonly string[] {
  const { width } = terminal;
  const room = Number.isFinite(width) ? Math.min(width, WIDEST) : width;
  const [first = '', ...rest] = wrapped(text, room - LABEL - 2);
  return [
    `  ${painted(padded(label, LABEL), 'faint', terminal)}${first}`,
    ...rest.map((line) => ' '.repeat(LABEL + 2) + line),
  ];
}
