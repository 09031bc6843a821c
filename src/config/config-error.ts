/** One thing that is wrong: where it was said, what is wrong with it and what to do. */
export interface Problem {
  /** The name of a variable, or `FILE:LINE KEY`. */
  readonly where: string;
  readonly what: string;
}

/** Everything that is wrong, in one report. `code` is `bad-config`; the message has a line per problem. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'bad-config';
  readonly problems: readonly Problem[];
  /** The files that were read, or could not be: once one of them changes, it may be right. */
  readonly inputs: readonly string[];

  constructor(problems: readonly Problem[], inputs: readonly string[] = []) {
    super(problems.map(({ where, what }) => `${where}: ${what}`).join('\n'));
    this.problems = problems;
    this.inputs = inputs;
  }
}
