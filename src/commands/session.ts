import { parseArgs } from 'node:util';
import type { Config } from '../config/config.ts';
import { ConfigError, problemLine } from '../config/config-error.ts';
import { type LoadOptions, loadConfig } from '../config/load.ts';
import type { Language } from '../core/text.ts';
import { CONFIG_OPTION } from '../usage/form.ts';
import { complainTo, type Output } from './complain.ts';
import { EXIT } from './exit.ts';
import { ambientLanguage } from './language.ts';

/** What a read-only command uses of its process; tests pass a replacement. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Output & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Output & { readonly isTTY?: boolean };
}

/** The reading of arguments and configuration of one command, and the language in which it tells what is wrong. */
export interface Session {
  /**
   * Reads arguments and configuration, whose problems are independent, so that one report names the problems of both.
   * @throws {ConfigError} with the problems of both readers
   */
  readBoth<A>(readArguments: () => Promise<A>, load: () => Promise<Config>): Promise<[A, Config]>;
  /**
   * Writes every problem of a {@link ConfigError} to standard error, one line each and without a stack: in the language of
   * the configuration, as far as that can be read. Any other error is thrown again.
   * @param language of an option, which comes before what the configuration says
   * @returns the exit code
   */
  report(error: unknown, language?: Language): number;
}

export function createSession({ env, stderr }: Pick<Host, 'env' | 'stderr'> = process): Session {
  let configured: Language | undefined;
  return {
    async readBoth(read, load) {
      const both = [read(), load()] as const;
      const [given, config] = await Promise.allSettled(both);
      const errors = [given, config].flatMap((result) =>
        result.status === 'rejected' ? [result.reason as unknown] : [],
      );
      const found: unknown = config.status === 'fulfilled' ? config.value : config.reason;
      configured = (found as Partial<Pick<Config, 'language'>> | undefined)?.language;
      if (errors.length > 0 && errors.every((error) => error instanceof ConfigError)) {
        throw new ConfigError(errors.flatMap(({ problems }) => problems));
      }
      return Promise.all(both);
    },
    report(error, chosen) {
      if (!(error instanceof ConfigError)) throw error;
      const said = chosen ?? error.language ?? configured;
      const language = said ?? ambientLanguage(stderr, env);
      for (const problem of error.problems) complainTo(stderr, problemLine(problem)[language]);
      return EXIT.badConfig;
    },
  };
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
