import { parseArgs } from 'node:util';
import { ConfigError, type Problem } from '../config/config-error.ts';
import { closest, didYouMean } from '../core/closest.ts';
import { type Text, verbatim } from '../core/text.ts';
import { complaintsOf } from '../schema/message.ts';
import { Duration } from '../schema/values.ts';
import { parseDuration } from '../system/time/duration.ts';
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
  const complain = (what: Text, where: Text = ARGUMENTS) => problems.push({ where, what });
  let valueOfUnknown = -1;
  for (const token of tokens) {
    if (token.kind === 'positional' && !allowPositionals && token.index !== valueOfUnknown) {
      complain({ en: `Unexpected argument '${token.value}'`, zh: `多余的参数 '${token.value}'` });
    }
    if (token.kind !== 'option') continue;
    const { name, rawName, value, inlineValue } = token;
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (!option) {
      complain(unknownOption(name, rawName, Object.keys(options)));
      valueOfUnknown = token.index + 1;
    } else if (option.type === 'boolean') {
      if (value !== undefined) {
        complain({ en: `Option '${rawName}' takes no value`, zh: `选项 '${rawName}' 不带值` });
      }
    } else if (value === undefined || (!inlineValue && value.startsWith('-'))) {
      complain({ en: `Option '${rawName}' needs a value`, zh: `选项 '${rawName}' 需要一个值` });
    } else if (option.value === DURATION) {
      for (const { what } of complaintsOf(Duration, value)) complain(what, verbatim(rawName));
    }
  }
  return problems;
}

/** Where a mistake is that no option can be named for. */
export const ARGUMENTS: Text = { en: 'arguments', zh: '参数' };

/** Complains of an option that a command does not have, and says which one was probably meant. */
function unknownOption(name: string, rawName: string, known: readonly string[]): Text {
  const what: Text = { en: `Unknown option '${rawName}'`, zh: `未知选项 '${rawName}'` };
  const meant = closest(name, known);
  return didYouMean(what, meant === undefined ? [] : [`--${meant}`]);
}

/**
 * Parses the value of an option that is a duration.
 * @param option name of the option, for the message
 * @returns the duration in ms
 * @throws {ConfigError} if the text is not a duration with a unit
 */
export function readDuration(option: string, text: string): number {
  const [wrong] = complaintsOf(Duration, text);
  if (wrong) throw new ConfigError([{ where: verbatim(option), what: wrong.what }]);
  return parseDuration(text) ?? 0;
}
