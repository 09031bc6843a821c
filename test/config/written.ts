import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { ConfigError } from '../../src/config/config-error.ts';
import { type LoadOptions, loadConfig } from '../../src/config/load.ts';
import { temporaryFolder } from '../system/folder.ts';
import { type FetchingConfig, fetching } from './configured.ts';
import { inEnglish } from './told.ts';

type Environment = Readonly<Record<string, string>>;

/** A folder with secrets, certificates and a configuration that names them. */
export interface Place {
  readonly folder: string;
  /** Writes the configuration; `$FOLDER` in it is the folder. Reads it for a command that publishes nothing. */
  load(text: string | Buffer, environment?: Environment, options?: LoadOptions): Promise<FetchingConfig>;
  /** What is wrong with it, a line each, with `$FOLDER` for the folder. Throws when nothing is. */
  problems(text: string | Buffer, environment?: Environment, options?: LoadOptions): Promise<string[]>;
}

export const SECRET = '0123456789abcdef'.repeat(2);

export async function place(name = 'config.yaml'): Promise<Place> {
  const folder = await temporaryFolder();
  const file = join(folder, name);
  await mkdir(join(folder, 'secrets'));
  for (const which of ['one', 'two']) await writeFile(join(folder, 'secrets', which), `${SECRET}${which}\n`);
  await writeFile(join(folder, 'ca.pem'), `${rootCertificates[0]}\n`);

  async function load(text: string | Buffer, environment: Environment = {}, options: LoadOptions = {}) {
    await writeFile(file, typeof text === 'string' ? text.replaceAll('$FOLDER', folder) : text);
    return fetching(await loadConfig(environment, { file, publishes: false, ...options }));
  }

  return {
    folder,
    load,
    async problems(text, environment, options) {
      try {
        await load(text, environment, options);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        return inEnglish(error.problems).map((line) => line.replaceAll(folder, '$FOLDER'));
      }
      throw new Error('nothing is wrong with it');
    },
  };
}

type Keys = Readonly<Record<string, unknown>>;

/** The least that one account needs; a key that is undefined is left out. */
export function account(keys: Keys = {}): Keys {
  return {
    name: 'shop',
    appId: 'wx0000000000000000',
    secretFile: '$FOLDER/secrets/one',
    publish: [{ type: 'file', path: '$FOLDER/out/token' }],
    ...keys,
  };
}

/** A configuration in JSON, a key a line. */
export function inJson(credentials: readonly unknown[], keys: Keys = {}): string {
  return JSON.stringify({ ...keys, credentials }, null, 2);
}

/** Problems without the lines they stand in. */
export function withoutPlaces(problems: readonly string[]): string[] {
  return problems.map((problem) => problem.replace(/^config\.\w+:\d+ /, ''));
}
