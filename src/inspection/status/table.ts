import { eastAsianWidth } from 'get-east-asian-width';
import type { Language } from '../../core/text.ts';
import { escapeControls } from '../../observability/log/escape.ts';

export interface Cell {
  readonly text: string;
  /** Shorter text that replaces `text` when the terminal is too narrow for the column. */
  readonly brief?: string;
  readonly paint?: Paint;
}

export interface Column {
  readonly title: string;
  /** The title of the column when its cells are brief. */
  readonly brief?: string;
  /** Width in columns to which it may be narrowed before anything else gives way. A longer text loses its middle. */
  readonly yieldsTo?: number;
  /** Width in columns to which it may be narrowed when nothing else can give way. */
  readonly least?: number;
}

type Row = readonly Cell[];

const GAP = 2;

/**
 * Returns the lines of a table. Whatever a path holds, the lines contain no control sequences but those of our own
 * colours.
 */
export function tableOf(
  columns: readonly Column[],
  rows: readonly Row[],
  terminal: Terminal,
): readonly string[] {
  const titles = columns.map(
    ({ title, brief }): Cell => ({ text: title, ...(brief && { brief }), paint: 'faint' }),
  );
  const { all, widths } = fitted(columns, [titles, ...rows.map((row) => row.map(shown(terminal)))], terminal);
  const ellipsis = terminal.unicode ? '…' : '...';
  return all.map((row) =>
    row
      .map(({ text, paint }, index) => {
        const width = widths[index] ?? 0;
        const fitting = shortened(text, width, ellipsis);
        const isLast = index === row.length - 1;
        return painted(fitting, paint, terminal) + (isLast ? '' : padded('', width + GAP - widthOf(fitting)));
      })
      .join('')
      .trimEnd(),
  );
}

/**
 * Returns a function that escapes control characters in a cell and replaces characters that the terminal cannot show.
 */
function shown({ unicode }: Terminal): (cell: Cell) => Cell {
  const safe = (text: string) => {
    const escaped = escapeControls(text);
    return unicode ? escaped : escaped.replace(/[^ -~]/gu, '?');
  };
  return ({ text, brief, ...paint }) => ({
    text: safe(text),
    ...(brief !== undefined && { brief: safe(brief) }),
    ...paint,
  });
}

/**
 * Fits the columns into the width of the terminal. First, columns with `yieldsTo` are narrowed; then one column after
 * another turns brief; in the end all columns are narrowed to their `least`.
 */
function fitted(columns: readonly Column[], rows: readonly Row[], { width }: Terminal) {
  const comfortable = columns.map(({ yieldsTo }) => yieldsTo ?? Number.POSITIVE_INFINITY);
  const briefs = columns.flatMap((_, index) => (rows.some((row) => row[index]?.brief) ? [index] : []));
  for (let count = 0; count <= briefs.length; count += 1) {
    const all = inBrief(rows, briefs.slice(0, count));
    const widths = narrowed(widthsOf(columns, all), comfortable, width);
    if (whole(widths) <= width) return { all, widths };
  }
  const all = inBrief(rows, briefs);
  const least = columns.map((column) => column.least ?? Number.POSITIVE_INFINITY);
  return { all, widths: narrowed(widthsOf(columns, all), least, width) };
}

function inBrief(rows: readonly Row[], which: readonly number[]): readonly Row[] {
  return rows.map((row) =>
    row.map((cell, index) => (which.includes(index) ? { ...cell, text: cell.brief ?? cell.text } : cell)),
  );
}

function widthsOf(columns: readonly Column[], rows: readonly Row[]): number[] {
  return columns.map((_, index) => Math.max(...rows.map((row) => widthOf(row[index]?.text ?? ''))));
}

function whole(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width + GAP, -GAP);
}

/** Narrows the columns until they fit or can give no more. The column with the most to spare gives way first. */
function narrowed(widths: readonly number[], least: readonly number[], width: number): readonly number[] {
  const now = [...widths];
  for (let excess = whole(now) - width; excess > 0; excess -= 1) {
    const spare = now.map((one, index) => one - (least[index] ?? one));
    const most = Math.max(...spare);
    if (most <= 0) break;
    const widest = spare.indexOf(most);
    now[widest] = (now[widest] ?? 0) - 1;
  }
  return now;
}

/** Matches characters that take no column: what is drawn upon the character before, and what is not drawn. */
const UPON = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;

/** Matches pictures that are two columns wide wherever they stand in Unicode, and characters that become one. */
const PICTURE = /\p{Emoji_Presentation}|\ufe0f/u;

const segmenter = new Intl.Segmenter();

/** Splits a text into what a person takes for characters, so that no accent and no part of a picture gets lost. */
function charactersOf(text: string): readonly string[] {
  if (/^[ -~]*$/.test(text)) return [...text];
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

function widthOfCharacter(character: string): number {
  if (PICTURE.test(character)) return 2;
  return UPON.test(character) ? 0 : eastAsianWidth(character.codePointAt(0) ?? 0);
}

/** Returns the width of a text in columns of a terminal. */
export function widthOf(text: string): number {
  return charactersOf(text).reduce((width, character) => width + widthOfCharacter(character), 0);
}

export function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** Shortens a text in the middle, because the beginning and the end of a path tell most. */
function shortened(text: string, width: number, ellipsis: string): string {
  if (widthOf(text) <= width) return text;
  const characters = charactersOf(text);
  const room = Math.max(2, width - widthOf(ellipsis));
  const head = takeWhileFits(characters, Math.floor(room / 3));
  const tail = takeWhileFits(characters.toReversed(), room - widthOf(head.join('')));
  return [...head, ellipsis, ...tail.toReversed()].join('');
}

function takeWhileFits(characters: readonly string[], room: number): string[] {
  let left = room;
  const end = characters.findIndex((character) => {
    left -= widthOf(character);
    return left < 0;
  });
  return characters.slice(0, end < 0 ? undefined : end);
}

/** Opening and closing marks of Chinese: no line ends with one of the first, or begins with one of the second. */
const OPENING = '（“‘《「【';
const CLOSING = '，。、；：！？）”’》」】…';

/** Matches what stays on one line: a Chinese character, or a word of another script, with the marks around it. */
const UNBROKEN = new RegExp(
  `[${OPENING}]*(?:\\p{Script=Han}|[^\\p{Script=Han}${OPENING}${CLOSING}]+|(?=[${CLOSING}]))[${CLOSING}]*|[${OPENING}]+`,
  'gu',
);

/**
 * Breaks a text into lines of at most `width` columns: at blanks, and between the characters of Chinese. What is longer
 * and has no place to be broken gets a line of its own.
 */
export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const parts = word.match(UNBROKEN) ?? [word];
    for (const [index, part] of parts.entries()) {
      const last = lines.at(-1);
      const blank = index === 0 ? ' ' : '';
      if (last !== undefined && widthOf(last) + widthOf(blank) + widthOf(part) <= width)
        lines[lines.length - 1] = `${last}${blank}${part}`;
      else lines.push(part);
    }
  }
  return lines;
}

/** What the output can show, and in which language it speaks. */
export interface Terminal {
  readonly language: Language;
  readonly colour: boolean;
  /** Whether the output can show characters beyond ASCII. */
  readonly unicode: boolean;
  /** Width in columns; infinite when only a program reads the output. */
  readonly width: number;
}

/** Maximum width of a line in columns: longer lines are hard to read, however wide the terminal is. */
const WIDEST = 100;

/** Width in columns of prose on a terminal of that width; a program gets it in one line. */
export function readableWidth(width: number): number {
  return Number.isFinite(width) ? Math.min(width, WIDEST) : width;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Minimum width in columns: fitting the table into less is not worth the trouble. */
const NARROWEST = 60;

/**
 * Finds out what the output can show.
 * @param stream the stream to which the text will be written
 * @param language in which it speaks: whoever chose Chinese has a terminal that can show it, whatever the locale says
 */
export function terminalOf(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  environment: Environment,
  language: Language = 'en',
): Terminal {
  const { LC_ALL, LC_CTYPE, LANG, NO_COLOR, TERM } = environment;
  const isTerminal = stream.isTTY === true;
  return {
    // By https://no-color.org, NO_COLOR counts when it is present and not empty.
    colour: isTerminal && !NO_COLOR && TERM !== 'dumb',
    language,
    unicode:
      language === 'zh' ||
      (/utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '') && !(isTerminal && TERM === 'linux')),
    width: isTerminal ? Math.max(NARROWEST, stream.columns ?? 80) : Number.POSITIVE_INFINITY,
  };
}

const PAINTS = { good: 32, warning: 33, bad: 31, faint: 2, strong: 1 } as const;

export type Paint = keyof typeof PAINTS;

export function painted(text: string, paint: Paint | undefined, { colour }: Terminal): string {
  return colour && paint && text !== '' ? `\u001b[${PAINTS[paint]}m${text}\u001b[0m` : text;
}
