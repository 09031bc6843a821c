import { execFile } from 'node:child_process';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { blocksOf, textOf } from '../docs/readme.ts';

const execute = promisify(execFile);
const HERE = fileURLToPath(new URL('.', import.meta.url));

/** What npm says where no registry answers, rather than that something is wrong with what it was asked for. */
const UNREACHABLE =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT|E5\d\d)\b/;

/**
 * Installs the SDKs of `package.json` beside this file, exactly as its lock file has them.
 * @returns why they could not be had; undefined when they are there
 */
export async function installSdks(folder: string): Promise<string | undefined> {
  for (const name of ['package.json', 'package-lock.json'])
    await copyFile(join(HERE, name), join(folder, name));
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--fetch-retries=1'];
  try {
    await execute('npm', ['ci', ...options], { cwd: folder });
    return undefined;
  } catch (error) {
    if (UNREACHABLE.test(String(error))) return 'the SDKs are missing: npm ci in test/sdks needs a registry';
    throw error;
  }
}

/** The recipes of docs/sdks.md for Node, by the name of the file that their first line gives them. */
async function recipes(): Promise<ReadonlyMap<string, string>> {
  const blocks = blocksOf(await textOf('docs/sdks.md')).filter(({ language }) => language === 'js');
  return new Map(blocks.map(({ code }) => [/^\/\/ (\S+)$/m.exec(code)?.[1] ?? '', code]));
}

/**
 * Writes the recipe of an SDK, and what it imports, as they stand on the page, but for an account and a folder of the test.
 * @returns the folder of the app
 */
export async function writeApp(
  folder: string,
  { recipe, appId, mount, main }: { recipe: string; appId: string; mount: string; main: string },
): Promise<string> {
  const app = join(folder, 'apps', recipe);
  await mkdir(app, { recursive: true });
  const known = await recipes();
  for (const name of ['published.mjs', `${recipe}.mjs`]) {
    const code = known.get(name);
    if (code === undefined) throw new Error(`docs/sdks.md has no ${name}`);
    await writeFile(join(app, name), code.replaceAll('/var/run/wx', mount).replaceAll(/w[xw]0{16}/g, appId));
  }
  await writeFile(join(app, 'main.mjs'), main);
  return app;
}
