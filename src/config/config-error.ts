/** One mistake in the configuration. */
export interface Problem {
  /** Where the mistake is: the name of an environment variable, or `FILE:LINE KEY`. */
  readonly where: string;
  /** What is wrong, and what the operator can write instead. */
  readonly what: string;
}

/**
 * Thrown for a configuration that cannot be used. It carries every problem that was found; `code` is `bad-config`,
 * and `message` has one line per problem.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'bad-config';
  readonly problems: readonly Problem[];
  /**
   * The files that the configuration was read from, including unreadable ones. A change of any of them may fix the
   * configuration, so a running daemon watches them.
   */
  readonly inputs: readonly string[];

  constructor(problems: readonly Problem[], inputs: readonly string[] = []) {
    super(problems.map(({ where, what }) => `${where}: ${what}`).join('\n'));
    this.problems = problems;
    this.inputs = inputs;
  }
}
