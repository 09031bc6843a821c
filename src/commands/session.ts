import { parseArgs } from 'node:util';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import { type LoadOptions, loadConfig } from '../config/load.ts';
import { CONFIG_OPTION } from '../usage/form.ts';
import { complainTo, type Output } from './complain.ts';
import { EXIT } from './exit.ts';

/** What a read-only command uses of its process; tests pass a replacement. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Output & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Output;
}

/**
 * Runs two readers whose problems are independent, so that one report names the problems of both.
 * @throws {ConfigError} with the problems of both readers
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

/**
 * Returns a function that reads the configuration which arguments and environment name, again at every call and
 * whatever else is wrong with the arguments.
 * @throws {ConfigError} from the returned function, with every problem; without problems if `--config` lacks its
 *   value, which is reported with the arguments
 */
export function configLoader(
  argv: readonly string[],
  options: Omit<LoadOptions, 'file' | 'namespace' | 'running' | 'wasRead'> = {},
  env: Host['env'] = process.env,
): (reading?: Pick<LoadOptions, 'running' | 'wasRead'>) => Promise<Config> {
  const { values } = parseArgs({
    args: [...argv],
    options: CONFIG_OPTION as { config: { type: 'string' } },
    strict: false,
  });
  const file = values['config'];
  return async (reading) => {
    // `parseArgs` yields true here if `--config` has no value, which its type does not say.
    if (file !== undefined && typeof file !== 'string') throw new ConfigError([]);
    return loadConfig(env, {
      ...options,
      file,
      namespace: () => namespaceOf(env),
      ...reading,
    });
  };
}

/** Returns the namespace of the pod or of the kubeconfig; undefined if there is no cluster. */
async function namespaceOf(env: Host['env']): Promise<string | undefined> {
  const { findConnection } = await import('../kubernetes/connection.ts');
  return (await findConnection(env)).connection?.namespace;
}

/**
 * Writes every problem of a {@link ConfigError} to standard error, one line each and without a stack. Any other error
 * is thrown again.
 * @returns the exit code
 */
export function reportProblems(error: unknown, stderr: Output = process.stderr): number {
  if (!(error instanceof ConfigError)) throw error;
  for (const { where, what } of error.problems) complainTo(stderr, `${where}: ${what}`);
  return EXIT.badConfig;
}
