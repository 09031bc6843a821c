import type { Counts } from './reader.ts';
import type { Paint } from './screen.ts';

export interface Status {
  /** Milliseconds of the published token; undefined before the first. */
  readonly left: number | undefined;
  readonly life: number;
  readonly reader: Counts;
  readonly platformCalls: number;
}

const LONGEST_BAR = 30;
const SHORTEST_BAR = 4;

/** As many of the parts, from the first on, as go into `width` columns. */
export function whatFits(parts: readonly string[], width: number): string {
  let text = '';
  for (const part of parts) {
    if (text.length + part.length > width) break;
    text += part;
  }
  return text;
}

/** One line of at most `width` columns, colours aside. ASCII: other bars are two columns wide in some terminals. */
export function statusLine(
  { left, life, reader, platformCalls }: Status,
  width: number,
  paint: Paint,
): string {
  if (left === undefined) return whatFits(['waiting', ' for the first token'], width);
  const seconds = `${Math.max(0, Math.ceil(left / 1000))} s`.padStart(4);
  const counts = [
    ` calls ${reader.calls}`,
    `, refused ${reader.refused}`,
    `, platform calls ${platformCalls}`,
    ...(reader.repeated > 0 ? [`, repeated ${reader.repeated}`] : []),
  ];
  if (width === Number.POSITIVE_INFINITY) return `${seconds} of life left,${counts.join('')}`;

  const room = width - seconds.length - ' []'.length;
  const told = whatFits(counts, room - SHORTEST_BAR);
  const length = Math.min(LONGEST_BAR, room - told.length);
  if (length < SHORTEST_BAR) return whatFits([seconds, ...counts], width);
  const full = Math.round(Math.min(1, Math.max(0, left / life)) * length);
  const bar = paint(left > 0 ? 'green' : 'red', '#'.repeat(full)) + '-'.repeat(length - full);
  return `${seconds} [${bar}]${reader.refused > 0 ? paint('red', told) : told}`;
}
