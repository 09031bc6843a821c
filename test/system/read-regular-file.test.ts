import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRegularFile } from '../../src/system/read-regular-file.ts';
import { temporaryFolder } from './folder.ts';

async function file(content: string): Promise<string> {
  const path = join(await temporaryFolder(), 'file');
  await writeFile(path, content);
  return path;
}

describe('reading a regular file', () => {
  it.each([0, 1, 16_384, 16_385, 40_000])('brings all of its %i bytes', async (length) => {
    const content = 'x'.repeat(length);
    expect((await readRegularFile(await file(content), 40_000)).text).toBe(content);
  });

  it('brings characters whole that lie where one read ends and the next begins', async () => {
    const content = `${'x'.repeat(16_383)}令牌`;
    expect((await readRegularFile(await file(content), 40_000)).text).toBe(content);
  });

  it('refuses one that is larger than allowed', async () => {
    await expect(readRegularFile(await file('12345'), 4)).rejects.toThrow('too large (5 bytes)');
    expect((await readRegularFile(await file('1234'), 4)).text).toBe('1234');
  });

  it('refuses one that says it is empty and goes on for megabytes', async (ctx) => {
    const endless = '/proc/kallsyms';
    if (!existsSync(endless)) return ctx.skip('this system has no /proc');
    await expect(readRegularFile(endless, 20_000)).rejects.toThrow('too large (more than 20000 bytes)');
  });

  it('brings one that says it is empty and is not', async (ctx) => {
    if (!existsSync('/proc/self/comm')) return ctx.skip('this system has no /proc');
    expect((await readRegularFile('/proc/self/comm', 100)).text).toMatch(/./);
  });

  it('follows links only where they are meant to be there', async () => {
    const path = await file('content');
    await symlink('file', `${path}.link`);
    await expect(readRegularFile(`${path}.link`, 100)).rejects.toMatchObject({ code: 'ELOOP' });
    expect((await readRegularFile(`${path}.link`, 100, { followLinks: true })).text).toBe('content');
  });

  it('refuses everything else, and waits for nobody', async () => {
    const folder = await temporaryFolder();
    execFileSync('mkfifo', [join(folder, 'fifo')]);
    await mkdir(join(folder, 'folder'));
    await symlink('fifo', join(folder, 'link'));
    for (const path of [join(folder, 'fifo'), join(folder, 'link'), join(folder, 'folder'), '/dev/zero']) {
      await expect(readRegularFile(path, 100, { followLinks: true })).rejects.toThrow('not a regular file');
    }
  });
});
