import { type Text, verbatim } from './text.ts';

/**
 * Earliest moment that a request id can name: before it WeChat had no platform for developers (2012-08). What is earlier
 * is no time.
 */
const EARLIEST = Date.UTC(2012, 7, 1);

/**
 * Returns the second in which the platform received a request, as its request id tells: epoch ms; undefined if the id
 * tells none. The first eight hexadecimal digits are epoch seconds. Nothing that WeChat publishes says so: it was seen in
 * ten dated ids (docs/wechat-facts.md, 2026-11-28), and may end without notice. So this is for people to look at, marked
 * as unofficial, and no decision may rest on it.
 */
export function timeOfRid(rid: string): number | undefined {
  const [, digits] = /^([0-9a-f]{8})(?:-[0-9a-f]{8}){2}$/i.exec(rid) ?? [];
  if (digits === undefined) return undefined;
  const ms = Number.parseInt(digits, 16) * 1000;
  return ms < EARLIEST ? undefined : ms;
}

/** Formats the time of a request id as `2026-08-07T21:00:45Z`; undefined if the id tells none. */
export function ridTimeText(rid: string): string | undefined {
  const ms = timeOfRid(rid);
  return ms === undefined ? undefined : new Date(ms).toISOString().replace('.000Z', 'Z');
}

/** Describes a request id, with its time where it tells one. */
export function ridInWords(rid: string): Text {
  const time = ridTimeText(rid);
  if (time === undefined) return verbatim(rid);
  return { en: `${rid} (of ${time}, unofficial)`, zh: `${rid}（${time}，非官方）` };
}
