import type { Language, Text } from '../../core/text.ts';

const UNITS: Readonly<Record<Language, readonly [hour: string, minute: string, second: string]>> = {
  en: ['h', 'min', 's'],
  zh: ['小时', '分钟', '秒'],
};

/** Formats a duration for people: `1 h 58 min`, `4 min 10 s`, `12 s`. @param ms a negative one counts as 0 */
export function inWords(ms: number, language: Language = 'en'): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const [hour, minute, second] = UNITS[language];
  if (hours > 0) return `${hours} ${hour} ${minutes} ${minute}`;
  return minutes > 0 ? `${minutes} ${minute} ${seconds % 60} ${second}` : `${seconds} ${second}`;
}

/** {@link inWords} in every language. */
export function durationText(ms: number): Text {
  return { en: inWords(ms, 'en'), zh: inWords(ms, 'zh') };
}

/** Formats seconds where space is short, always rounding down: `9d`, `1h 58m`, `4m`, `12s`. */
export function inBrief(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return `${Math.floor(hours / 24)}d`;
  if (hours > 0) return `${hours}h ${minutes % 60}m`;
  return minutes > 0 ? `${minutes}m` : `${Math.floor(seconds)}s`;
}
