import { HOUR, MINUTE, SECOND } from '../../core/time.ts';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR };

/**
 * Parses `250ms`, `90s`, `10m` or `2h`. A bare number is refused because its unit would have to be guessed.
 * @returns milliseconds; undefined for any other text
 */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d{1,9})(ms|s|m|h)$/.exec(text) ?? [];
  return amount === undefined ? undefined : Number(amount) * (UNITS[unit] ?? 0);
}
