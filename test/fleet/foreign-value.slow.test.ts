import { readFile, utimes, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { TYPES, workbench } from '../e2e/workbench.ts';

const FOREIGN = 'a-value-that-somebody-else-wrote';

/** As somebody who writes a while after the token came. */
async function scribble(file: string): Promise<void> {
  await writeFile(file, FOREIGN);
  const later = new Date(Date.now() + 10_000);
  await utimes(file, later, later);
}

// A daemon looks at what it has published once a minute.
describe.concurrent.each(TYPES)('G5: a value that somebody else writes into the file (%s)', (type) => {
  it('one call tells which token is the newest, and that one is published', async ({ onTestFinished }) => {
    const { file, run, newToken, token, fetches } = await workbench(onTestFinished);
    const daemon = run({ WXTOKEN_TYPE: type });
    await newToken();
    await daemon.logged(/^published/);
    await scribble(file);
    await daemon.logged(/^somebody wrote another token into file:.*; asking the platform for the newest$/);
    const mended = await newToken(FOREIGN);
    expect(await fetches()).toHaveLength(2);
    expect(JSON.parse(await readFile(`${file}.json`, 'utf8')).access_token).toBe(mended);
    expect(await token()).toBe(mended);
  });

  it('the value stays while the platform is away, and our token is not lost', async ({ onTestFinished }) => {
    const { sandbox, file, run, newToken, token } = await workbench(onTestFinished);
    const daemon = run({ WXTOKEN_TYPE: type });
    const first = await newToken();
    await daemon.logged(/^published/);
    await sandbox.faults([{ kind: 'status', status: 503 }]);
    await scribble(file);
    await daemon.logged(/^somebody wrote another token/);
    await daemon.logged(/503/);
    expect(await token()).toBe(FOREIGN);
    await sandbox.faults([]);
    const mended = await newToken(FOREIGN);
    if (type === 'stable-token') expect(mended).toBe(first);
  });
});
