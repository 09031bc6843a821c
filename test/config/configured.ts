import { type Config, type FetchedConfig, isFetched } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/config-error.ts';
import { loadConfig } from '../../src/config/load.ts';
import { isFileTarget } from '../../src/publishers/file.ts';
import { inEnglish } from './told.ts';

/** The least that one has to say. */
export const LEAST = { WXTOKEN_APPID: 'wx0000000000000000', WXTOKEN_SECRET: '0'.repeat(32) } as const;

type Environment = Readonly<Record<string, string>>;

/** Read for a command that publishes nothing: whether the folders of this machine can be written does not matter. */
export async function configOf(environment: Environment): Promise<FetchingConfig> {
  return fetching(await loadConfig(environment, { publishes: false }));
}

/** One in which nothing is a mirror. */
export interface FetchingConfig extends Config {
  readonly credentials: readonly FetchedConfig[];
}

export function fetching(config: Config): FetchingConfig {
  const credentials = config.credentials.filter(isFetched);
  if (credentials.length < config.credentials.length) throw new TypeError('there is a mirror in it');
  return { ...config, credentials };
}

/** What is wrong with an environment, a line each. Throws when nothing is. */
export async function problemsOf(environment: Environment, read = configOf): Promise<string[]> {
  try {
    await read(environment);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return inEnglish(error.problems);
  }
  throw new Error('nothing is wrong with it');
}

/** The same, where the least is given already. */
export async function problemsWith(environment: Environment): Promise<string[]> {
  return await problemsOf({ ...LEAST, ...environment });
}

/** The only credential of an environment where the least is given already. */
export async function credentialWith(environment: Environment) {
  const config = await configOf({ ...LEAST, ...environment });
  const [credential, ...more] = config.credentials;
  if (!credential || more.length > 0) throw new Error('not one credential');
  const [target] = credential.publish.filter(isFileTarget);
  if (!target || !isFileTarget(target)) throw new Error('no file');
  return { config, credential, target };
}
