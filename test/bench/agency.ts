import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { appIdOf, TEST_SECRET } from './account.ts';
import { startPlatform } from './platform.ts';
import type { Surroundings } from './row.ts';
import { scratch } from './scratch.ts';

/** A platform that takes its time, as a real one does, and many accounts on it. */
export interface Agency {
  readonly url: string;
  /** A configuration of the first so many of them in an empty folder. */
  configure(count: number, { http }: { readonly http: boolean }): Promise<string>;
}

/** How long the platform takes to answer, ms. */
export const LATENCY = 50;

export async function openAgency(count: number, surroundings: Surroundings): Promise<Agency> {
  const accounts = Array.from({ length: count }, (_, index) => [
    '--account',
    `${appIdOf(index)}:${TEST_SECRET}`,
  ]);
  const { url } = await startPlatform(surroundings, ['--latency', `${LATENCY}ms`, ...accounts.flat()]);

  return {
    url,
    async configure(some, { http }) {
      const folder = await scratch(surroundings);
      await mkdir(join(folder, 'secrets'));
      const secret = join(folder, 'secrets', 'good');
      await writeFile(secret, TEST_SECRET, { mode: 0o600 });
      const credentials = Array.from({ length: some }, (_, index) => [
        `  - name: c${index}`,
        `    appId: ${appIdOf(index)}`,
        `    secretFile: ${secret}`,
        `    publish: [{ type: file, path: ${join(folder, 'volume', `c${index}`, 'token')}, details: false }]`,
      ]);
      const lines = [
        `stateDir: ${join(folder, 'state')}`,
        `platform: { baseUrl: ${url} }`,
        ...(http ? ['http: { listen: "127.0.0.1:0" }'] : []),
        'credentials:',
        ...credentials.flat(),
      ];
      const file = join(folder, 'config.yaml');
      await writeFile(file, `${lines.join('\n')}\n`);
      return file;
    },
  };
}
