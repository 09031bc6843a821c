import { type ParseArgsConfig, parseArgs } from 'node:util';
import { ConfigError } from '../config/config.ts';

/**
 * Reads the options of a command; `--help` is always one of them.
 * @throws {ConfigError} for an unknown option, a missing value, or any other argument
 */
export function readArguments<T extends NonNullable<ParseArgsConfig['options']>>(
  argv: readonly string[],
  options: T,
) {
  try {
    const all = { ...options, help: { type: 'boolean', short: 'h' } } as const;
    return parseArgs({ args: [...argv], options: all, strict: true }).values;
  } catch (error) {
    // The rest of Node's message explains how to pass arguments that begin with a dash.
    const [what = ''] = error instanceof Error ? error.message.split(/\. |\n/) : [];
    throw new ConfigError([{ where: 'arguments', what }]);
  }
}
