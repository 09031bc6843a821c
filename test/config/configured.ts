import { ConfigError } from '../../src/config/config.ts';
import { readEnvironment } from '../../src/config/environment.ts';

/** The least that one has to say. */
export const LEAST = { WXTOKEN_APPID: 'wx0000000000000000', WXTOKEN_SECRET: '0'.repeat(32) } as const;

/** What is wrong with an environment, a line each. Throws when nothing is. */
export async function problemsOf(environment: Readonly<Record<string, string>>): Promise<string[]> {
  try {
    await readEnvironment(environment);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ where, what }) => `${where}: ${what}`);
  }
  throw new Error('nothing is wrong with it');
}

/** The same, where the least is given already. */
export async function problemsWith(environment: Readonly<Record<string, string>>): Promise<string[]> {
  return await problemsOf({ ...LEAST, ...environment });
}

/** The only credential of an environment where the least is given already. */
export async function credentialWith(environment: Readonly<Record<string, string>>) {
  const config = await readEnvironment({ ...LEAST, ...environment });
  const [credential, ...more] = config.credentials;
  if (!credential || more.length > 0) throw new Error('not one credential');
  const [target] = credential.publish;
  if (!target) throw new Error('no target');
  return { config, credential, target };
}
