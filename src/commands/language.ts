import type { Config } from '../config/config.ts';
import { LANGUAGES, type Language } from '../core/text.ts';

/**
 * Returns the language in which a command answers: the configured one; without one, Chinese on a terminal whose locale is
 * zh_CN. What goes into a file or a pipe is for programs too, and does not change with who runs the command.
 * @param stream the stream to which the command writes
 */
export function languageOf(
  { language }: Pick<Config, 'language'>,
  stream: { readonly isTTY?: boolean },
  { LC_ALL, LC_MESSAGES, LANG }: Readonly<Record<string, string | undefined>>,
): Language {
  if (language) return language;
  // By POSIX the first one that is set and not empty counts. A terminal of another encoding could not show it.
  const locale = LC_ALL || LC_MESSAGES || LANG || '';
  return stream.isTTY === true && /^zh_CN\.utf-?8(@|$)/i.test(locale) ? 'zh' : 'en';
}

/**
 * Returns the language in which people are told something before, or without, a configuration: that of the variable, or of
 * the terminal.
 */
export function ambientLanguage(
  stream: { readonly isTTY?: boolean } = process.stderr,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Language {
  const language = LANGUAGES.find((one) => one === environment['WXTOKEN_LANGUAGE']);
  return languageOf({ ...(language && { language }) }, stream, environment);
}
