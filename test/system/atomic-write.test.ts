import { chmod, chown, lstat, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeAtomically } from '../../src/system/atomic-write.ts';
import { isRoot, modeOf, mount, namesIn, temporaryFolder, withUmask } from './folder.ts';
import { program } from './program.ts';

const NOBODY = 65_534;
const writer = program(new URL('./writer.ts', import.meta.url));

describe('what is written', () => {
  it.each(['', 'x', 'a token\n', '微信 🙂', 'x'.repeat(1_000_000)])('is whole: %.12j', async (content) => {
    const path = join(await temporaryFolder(), 'token');
    await writeAtomically(path, content, { mode: 0o640 });
    expect(await readFile(path, 'utf8')).toBe(content);
  });

  it('takes the place of what was there, in a file of its own', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'token');
    await writeFile(path, 'the old one, which is longer');
    const before = await stat(path);
    await writeAtomically(path, 'new', { mode: 0o640 });
    expect(await readFile(path, 'utf8')).toBe('new');
    expect((await stat(path)).ino).not.toBe(before.ino);
    expect(await namesIn(folder)).toEqual(['token']);
  });

  it('takes the place of a symbolic link, and what that pointed at stays as it was', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'token');
    await writeFile(join(folder, 'precious'), 'precious');
    await symlink('precious', path);
    await writeAtomically(path, 'token', { mode: 0o640 });
    expect((await lstat(path)).isFile()).toBe(true);
    expect(await readFile(join(folder, 'precious'), 'utf8')).toBe('precious');
  });
});

describe('mode and group', () => {
  const masks = [0o000, 0o022, 0o077, 0o777];
  const modes = [0o600, 0o640, 0o644, 0o660, 0o444];
  const cases = masks.flatMap((mask) => modes.map((mode) => ({ mask, mode })));

  it.each(cases)('are exact: mode $mode under umask $mask', async ({ mask, mode }) => {
    const path = join(await temporaryFolder(), 'token');
    withUmask(mask);
    await writeAtomically(path, 'token', { mode });
    expect(await modeOf(path)).toBe(mode);
  });

  it('are those that are asked for, whatever the file before had', async () => {
    const path = join(await temporaryFolder(), 'token');
    await writeFile(path, 'old');
    await chmod(path, 0o777);
    await writeAtomically(path, 'new', { mode: 0o600 });
    expect(await modeOf(path)).toBe(0o600);
  });

  it('are set as numbers, also for a group that has no name', async (ctx) => {
    if (!isRoot) return ctx.skip('only root may give a file to any group');
    const path = join(await temporaryFolder(), 'token');
    await writeAtomically(path, 'token', { mode: 0o640, gid: 48_731 });
    expect(await stat(path)).toMatchObject({ gid: 48_731, uid: process.geteuid?.() });
    expect(await modeOf(path)).toBe(0o640);
  });

  it('come from a setgid folder where none is asked for', async (ctx) => {
    if (!isRoot) return ctx.skip('only root may give a folder to any group');
    const folder = await temporaryFolder();
    await chown(folder, 0, 48_731);
    await chmod(folder, 0o2775);
    await writeAtomically(join(folder, 'token'), 'token', { mode: 0o640 });
    expect((await stat(join(folder, 'token'))).gid).toBe(48_731);
    expect(await modeOf(join(folder, 'token'))).toBe(0o640);
  });
});

/** Writes where it must fail, and returns the code; nothing may have changed. */
async function failingWrite(folder: string, content = 'new', gid?: number): Promise<string | undefined> {
  const path = join(folder, 'token');
  const before = await lstat(path).catch(() => undefined);
  const old = before?.isFile() ? await readFile(path, 'utf8') : undefined;
  const names = await namesIn(folder);
  const failure = await writeAtomically(path, content, {
    mode: 0o640,
    ...(gid !== undefined && { gid }),
  }).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code,
  );
  expect((await lstat(path).catch(() => undefined))?.ino).toBe(before?.ino);
  if (before?.isFile()) expect(await readFile(path, 'utf8')).toBe(old);
  expect(await namesIn(folder)).toEqual(names);
  return failure;
}

describe('a write that fails leaves the old file as it was, and nothing beside it', () => {
  it('where the folder is missing', async () => {
    const path = join(await temporaryFolder(), 'missing', 'token');
    await expect(writeAtomically(path, 'token', { mode: 0o640 })).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('where a folder stands at the path', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'token'));
    expect(await failingWrite(folder)).toBe('EISDIR');
  });

  it('where the group is none that could be', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'token'), 'old');
    expect(await failingWrite(folder, 'new', 2 ** 40)).toBe('ERR_OUT_OF_RANGE');
  });

  it('on a full disk', async (ctx) => {
    const folder = await temporaryFolder();
    const problem = await mount(['-t', 'tmpfs', '-o', 'size=64k', 'none'], folder);
    if (problem) return ctx.skip(problem);
    await writeAtomically(join(folder, 'token'), 'old', { mode: 0o640 });
    expect(await failingWrite(folder, 'x'.repeat(200_000))).toBe('ENOSPC');
    await writeAtomically(join(folder, 'token'), 'new', { mode: 0o640 });
    expect(await readFile(join(folder, 'token'), 'utf8')).toBe('new');
  });

  it('on a disk that is read-only', async (ctx) => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'token'), 'old');
    const problem = await mount(['--bind', '-o', 'ro', folder], folder);
    if (problem) return ctx.skip(problem);
    expect(await failingWrite(folder)).toBe('EROFS');
  });

  it('where a single file is mounted', async (ctx) => {
    const folder = await temporaryFolder();
    const path = join(folder, 'token');
    await writeFile(path, 'old');
    const problem = await mount(['--bind', path], path);
    if (problem) return ctx.skip(problem);
    expect(await failingWrite(folder)).toBe('EBUSY');
  });

  it.for([
    { what: 'a folder that it may only read', mode: 0o755, uid: 0 },
    { what: 'a folder that it may not even list, which it could not sync', mode: 0o300, uid: NOBODY },
  ])('where somebody else writes into $what', async ({ mode, uid }, ctx) => {
    if (!isRoot) return ctx.skip('only root may start a program as somebody else');
    const folder = await temporaryFolder();
    const path = join(folder, 'token');
    await writeFile(path, 'old');
    await chown(folder, uid, uid);
    await chmod(folder, mode);
    const said = await writer.run(['once', path, 'new'], { uid: NOBODY, gid: NOBODY });
    expect(said).toBe('EACCES');
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await namesIn(folder)).toEqual(['token']);
  });

  it('where the group is one that the writer does not belong to', async (ctx) => {
    if (!isRoot) return ctx.skip('only root may start a program as somebody else');
    const folder = await temporaryFolder();
    await chown(folder, NOBODY, NOBODY);
    const said = await writer.run(['once', join(folder, 'token'), 'new', '0640', '48731'], {
      uid: NOBODY,
      gid: NOBODY,
    });
    expect(said).toBe('EPERM');
    expect(await namesIn(folder)).toEqual([]);
  });
});
