import { parseArgs } from 'node:util';
import type { Config, LogConfig } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import { type LoadOptions, loadConfig } from '../config/load.ts';
import { createLogger, type Logger } from '../observability/log/logger.ts';
import { complainTo, type Output } from './complain.ts';
import { EXIT } from './exit.ts';

/** What a command that only looks takes of the process that it runs in: in a test it is another one. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Output & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Output;
}

/**
 * Reads two things that are wrong or right each by itself, so that everything wrong comes in one report.
 * @throws {ConfigError} with the problems of both
 */
export async function readBoth<A, B>(first: () => Promise<A>, second: () => Promise<B>): Promise<[A, B]> {
  const both = [first(), second()] as const;
  const results = await Promise.allSettled(both);
  const errors = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : [],
  );
  if (errors.length > 0 && errors.every((error) => error instanceof ConfigError)) {
    throw new ConfigError(errors.flatMap(({ problems }) => problems));
  }
  return Promise.all(both);
}

/** Names the file that configures all commands but the sandbox; without it WXTOKEN_CONFIG may. */
export const CONFIG_OPTION = { config: { type: 'string' } } as const;

/**
 * Reads the configuration that the arguments and the environment mean, anew at every call, whatever else is wrong with
 * the arguments. What a daemon was started with is what a new one for it has to fit.
 * @throws {ConfigError} with everything that is wrong; with nothing where the option lacks its value, which is told with
 *   the arguments
 */
export function configLoader(
  argv: readonly string[],
  options: Omit<LoadOptions, 'file' | 'namespace' | 'running'> = {},
  env: Host['env'] = process.env,
): (running?: Config) => Promise<Config> {
  const { values } = parseArgs({ args: [...argv], options: CONFIG_OPTION, strict: false });
  const file = values['config'];
  return async (running) => {
    // The type of a lenient look at the arguments does not know that this can be true.
    if (file !== undefined && typeof file !== 'string') throw new ConfigError([]);
    return loadConfig(env, {
      ...options,
      file,
      namespace: () => namespaceOf(env),
      ...(running && { running }),
    });
  };
}

/** That of the pod, or of the kubeconfig; undefined where there is no cluster. */
async function namespaceOf(env: Host['env']): Promise<string | undefined> {
  const { findConnection } = await import('../kubernetes/connection.ts');
  return (await findConnection(env)).connection?.namespace;
}

/** Says everything that is wrong, a line each and without a stack; anything else than a ConfigError is thrown on. */
export function reportProblems(error: unknown, stderr: Output = process.stderr): number {
  if (!(error instanceof ConfigError)) throw error;
  for (const { where, what } of error.problems) complainTo(stderr, `${where}: ${what}`);
  return EXIT.badConfig;
}

/**
 * A logger on standard error. From now on it is told what Node warns of, and whatever nobody expected is logged
 * through it and ends the process.
 */
export function openLog(options: LogConfig): Logger {
  const logger = createLogger(options, process.stderr);
  const unexpected = (error: unknown) => {
    logger.error('unexpected, ending', { error });
    process.exit(EXIT.unexpected);
  };
  process.on('uncaughtException', unexpected);
  process.on('unhandledRejection', unexpected);
  // Node listens itself, and writes text, unless it was told to be silent.
  if (process.listenerCount('warning') > 0) {
    process.removeAllListeners('warning');
    process.on('warning', ({ name, message }) => logger.warn(`${name}: ${message}`));
  }
  return logger;
}
