import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRegularFile } from '../../../src/system/fs/read-regular-file.ts';
import { temporaryFolder } from '../folder.ts';

async function file(content: string): Promise<string> {
  const path = join(await temporaryFolder(), 'file');
  await writeFile(path, content);
  return path;
}

describe('reading a regular file', () => {
  it.each([0, 1, 16_384, 16_385, 40_000])('a file of size %i is read in full', async (length) => {
    const content = 'x'.repeat(length);
    expect((await readRegularFile(await file(content), 40_000)).text).toBe(content);
  });

  it('a character that lies across two reads is kept whole', async () => {
    const content = `${'x'.repeat(16_383)}令牌`;
    expect((await readRegularFile(await file(content), 40_000)).text).toBe(content);
  });

  it('a file larger than allowed is refused', async () => {
    await expect(readRegularFile(await file('12345'), 4)).rejects.toThrow('too large (5 bytes)');
    expect((await readRegularFile(await file('1234'), 4)).text).toBe('1234');
  });

  it('a file of size 0 that goes on for megabytes is refused', async (ctx) => {
    const endless = '/proc/kallsyms';
    if (!existsSync(endless)) return ctx.skip('this system has no /proc');
    await expect(readRegularFile(endless, 20_000)).rejects.toThrow('too large (more than 20000 bytes)');
  });

  it('a file of size 0 that has content is read', async (ctx) => {
    if (!existsSync('/proc/self/comm')) return ctx.skip('this system has no /proc');
    expect((await readRegularFile('/proc/self/comm', 100)).text).toMatch(/./);
  });

  it('a symbolic link is followed only where links are allowed', async () => {
    const path = await file('content');
    await symlink('file', `${path}.link`);
    await expect(readRegularFile(`${path}.link`, 100)).rejects.toMatchObject({ code: 'ELOOP' });
    expect((await readRegularFile(`${path}.link`, 100, { followLinks: true })).text).toBe('content');
  });

  it('a FIFO, a folder or a device is refused without waiting', async () => {
    const folder = await temporaryFolder();
    execFileSync('mkfifo', [join(folder, 'fifo')]);
    await mkdir(join(folder, 'folder'));
    await symlink('fifo', join(folder, 'link'));
    for (const path of [join(folder, 'fifo'), join(folder, 'link'), join(folder, 'folder'), '/dev/zero']) {
      await expect(readRegularFile(path, 100, { followLinks: true })).rejects.toThrow('not a regular file');
    }
  });
});
