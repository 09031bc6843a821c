import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Problem } from '../../src/config/config-error.ts';
import { loadConfig } from '../../src/config/load.ts';
import { temporaryFolder } from '../system/folder.ts';
import { fetching } from './configured.ts';

const MANY = 2000;

async function agency(change: (index: number) => string = () => '') {
  const folder = await temporaryFolder();
  const file = join(folder, 'config.yaml');
  await mkdir(join(folder, 'secrets'));
  const accounts: string[] = [];
  for (let index = 0; index < MANY; index += 1) {
    await writeFile(join(folder, 'secrets', `${index}`), `${index}`.padStart(32, '0'));
    accounts.push(`  - name: shop-${index}
    appId: wx${`${index}`.padStart(16, '0')}
    secretFile: ${folder}/secrets/${index}
    platform: *platform
    publish: [{ type: file, path: ${folder}/out/${index}/token }]${change(index)}`);
  }
  await writeFile(file, `platform: &platform { timeout: 5s }\ncredentials:\n${accounts.join('\n')}\n`);
  return file;
}

describe('two thousand accounts', () => {
  it('a file with 2000 accounts is read together with their secret files', async () => {
    const file = await agency();
    const started = performance.now();
    const config = fetching(await loadConfig({}, { file }));
    process.stdout.write(`2000 accounts read in ${Math.round(performance.now() - started)} ms\n`);
    expect(config.credentials).toHaveLength(MANY);
    expect(new Set(config.credentials.map(({ appId }) => appId)).size).toBe(MANY);
    expect(config.inputs).toHaveLength(MANY + 1);
  });

  it('all mistakes in a file with 2000 accounts are reported in order', async () => {
    const file = await agency((index) => (index % 2 === 0 ? '\n    ahead: 5' : '\n    secret: x'));
    const failure = await loadConfig({}, { file, publishes: false }).catch((error: unknown) => error);
    const { problems } = failure as { readonly problems: readonly Problem[] };
    expect(problems).toHaveLength(MANY);
    expect(problems[0]?.where.en).toBe('config.yaml:8 credentials[0].ahead');
    expect(problems.at(-1)?.where.en).toBe(`config.yaml:${2 + MANY * 6} credentials[${MANY - 1}].secret`);
  });
});
