import { parseArgs } from 'node:util';
import * as v from 'valibot';
import { ConfigError, type Problem } from '../config/config-error.ts';
import { Duration } from '../schema/values.ts';
import { type CommandForm, DURATION, type OptionForm } from '../usage/form.ts';

/** What a command accepts. */
type Form = Pick<CommandForm, 'options'> & { readonly argument?: object };

/** Tells whether the arguments ask for help, whatever else they contain. */
export function asksForHelp(argv: readonly string[]): boolean {
  return argv.includes('--help') || argv.includes('-h');
}

/**
 * Reads the options of a command. `--help` is always one of them; if it is given, all other arguments are ignored.
 * @returns values and positional arguments, as `parseArgs` returns them
 * @throws {ConfigError} with every problem: unknown options, missing or invalid values, arguments where none is
 *   allowed
 */
export function readArguments<T extends Form>(argv: readonly string[], form: T) {
  const options: T['options'] = form.options;
  const all = { ...options, help: { type: 'boolean', short: 'h' } } as const;
  const args = asksForHelp(argv) ? ['--help'] : [...argv];
  const problems = findProblems(args, all, form.argument !== undefined);
  if (problems.length > 0) throw new ConfigError(problems);
  return parseArgs({ args, options: all, strict: true, allowPositionals: form.argument !== undefined });
}

/** Finds every problem of the arguments. `parseArgs` itself would report only the first. */
function findProblems(
  args: string[],
  options: Readonly<Record<string, Pick<OptionForm, 'type' | 'value'>>>,
  allowPositionals: boolean,
): Problem[] {
  const { tokens } = parseArgs({ args, options, strict: false, allowPositionals: true, tokens: true });
  const problems: Problem[] = [];
  const complain = (what: string, where = 'arguments') => problems.push({ where, what });
  let valueOfUnknown = -1;
  for (const token of tokens) {
    if (token.kind === 'positional' && !allowPositionals && token.index !== valueOfUnknown) {
      complain(`Unexpected argument '${token.value}'`);
    }
    if (token.kind !== 'option') continue;
    const { name, rawName, value, inlineValue } = token;
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (!option) {
      complain(`Unknown option '${rawName}'`);
      valueOfUnknown = token.index + 1;
    } else if (option.type === 'boolean') {
      if (value !== undefined) complain(`Option '${rawName}' takes no value`);
    } else if (value === undefined || (!inlineValue && value.startsWith('-'))) {
      complain(`Option '${rawName}' needs a value`);
    } else if (option.value === DURATION) {
      const { issues = [] } = v.safeParse(Duration, value);
      for (const { message } of issues) complain(message, rawName);
    }
  }
  return problems;
}

/**
 * Parses the value of an option that is a duration.
 * @param option name of the option, for the message
 * @returns the duration in ms
 * @throws {ConfigError} if the text is not a duration with a unit
 */
export function readDuration(option: string, text: string): number {
  const { output, issues, success } = v.safeParse(Duration, text);
  if (!success) throw new ConfigError([{ where: option, what: issues[0].message }]);
  return output;
}
