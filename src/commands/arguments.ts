import { type ParseArgsConfig, parseArgs } from 'node:util';
import * as v from 'valibot';
import { ConfigError } from '../config/config.ts';
import { Duration } from '../config/fields.ts';

/**
 * Reads the options of a command; `--help` is always one of them.
 * @throws {ConfigError} for an unknown option, a missing value, or an argument where none is allowed
 */
export function readArguments<T extends NonNullable<ParseArgsConfig['options']>>(
  argv: readonly string[],
  options: T,
  { allowPositionals = false } = {},
) {
  try {
    const all = { ...options, help: { type: 'boolean', short: 'h' } } as const;
    return parseArgs({ args: [...argv], options: all, strict: true, allowPositionals });
  } catch (error) {
    // The rest of Node's message explains how to pass arguments that begin with a dash.
    const [what = ''] = error instanceof Error ? error.message.split(/\. |\n/) : [];
    throw new ConfigError([{ where: 'arguments', what }]);
  }
}

/**
 * @returns milliseconds
 * @throws {ConfigError} when it is not a duration with a unit
 */
export function readDuration(option: string, text: string): number {
  const { output, issues, success } = v.safeParse(Duration, text);
  if (!success) throw new ConfigError([{ where: option, what: issues[0].message }]);
  return output;
}
