import { en, type Language, type Text, zh } from '../core/text.ts';

/** One mistake in the configuration. */
export interface Problem {
  /** Where the mistake is: the name of an environment variable, or `FILE:LINE KEY`. */
  readonly where: Text;
  /** What is wrong, and what the operator can write instead. */
  readonly what: Text;
}

/** What is known of the reading of a configuration that failed. */
export interface Reading {
  /**
   * The files that the configuration was read from, including unreadable ones. A change of any of them may fix the
   * configuration, so a running daemon watches them.
   */
  readonly inputs?: readonly string[];
  /** The language that the configuration says, as far as it can be read; absent: none. */
  readonly language?: Language | undefined;
}

/**
 * Thrown for a configuration that cannot be used. It carries every problem that was found; `code` is `bad-config`,
 * and `message` has one line per problem, in English.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'bad-config';
  readonly problems: readonly Problem[];
  readonly inputs: readonly string[];
  readonly language: Language | undefined;

  constructor(problems: readonly Problem[], { inputs = [], language }: Reading = {}) {
    super(problems.map((problem) => problemLine(problem).en).join('\n'));
    this.problems = problems;
    this.inputs = inputs;
    this.language = language;
  }
}

/**
 * A problem in one line. After the name of a key or variable the colon is that of compilers, which editors and `grep` know,
 * in every language.
 */
export function problemLine({ where, what }: Problem): Text {
  const isChinese = /\p{Script=Han}$/u.test(where.zh);
  return { en: en`${where}: ${what}`, zh: isChinese ? zh`${where}：${what}` : zh`${where}: ${what}` };
}
