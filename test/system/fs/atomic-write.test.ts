import { chmod, chown, lstat, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cannotSyncFolders, writeAtomically } from '../../../src/system/fs/atomic-write.ts';
import { isRoot, modeOf, mount, namesIn, temporaryFolder, withUmask } from '../folder.ts';
import { program } from '../program.ts';

const NOBODY = 65_534;
const writer = program(new URL('./writer.ts', import.meta.url));

describe('successful writes', () => {
  it.each(['', 'x', 'a token\n', '微信 🙂', 'x'.repeat(1_000_000)])(
    'sample content %# is written whole',
    async (content) => {
      const path = join(await temporaryFolder(), 'token');
      await writeAtomically(path, content, { mode: 0o640 });
      expect(await readFile(path, 'utf8')).toBe(content);
    },
  );

  it('the pieces of a long text are written as one', async () => {
    const path = join(await temporaryFolder(), 'status');
    const pieces = Array.from({ length: 1000 }, (_, index) => `${index} 微信\n`);
    const written: string[] = [];
    async function* encoded() {
      for (const piece of pieces) {
        yield Buffer.from(piece);
        written.push(piece);
      }
    }
    await writeAtomically(path, encoded(), { mode: 0o640 });
    expect(written).toEqual(pieces);
    expect(await readFile(path, 'utf8')).toBe(pieces.join(''));
  });

  it('a long text that cannot be made to its end leaves the old file and nothing else', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'status');
    await writeFile(path, 'old');
    async function* broken() {
      yield Buffer.from('new');
      throw new Error('no more');
    }
    await expect(writeAtomically(path, broken(), { mode: 0o640 })).rejects.toThrow('no more');
    expect(await namesIn(folder)).toEqual(['status']);
    expect(await readFile(path, 'utf8')).toBe('old');
  });

  it('a write replaces the old file with a new file', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'token');
    await writeFile(path, 'the old one, which is longer');
    const before = await stat(path);
    await writeAtomically(path, 'new', { mode: 0o640 });
    expect(await readFile(path, 'utf8')).toBe('new');
    expect((await stat(path)).ino).not.toBe(before.ino);
    expect(await namesIn(folder)).toEqual(['token']);
  });

  it('a write replaces a symbolic link and leaves its target as it was', async () => {
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
  const octal = (bits: number) => bits.toString(8).padStart(4, '0');
  const cases = masks.flatMap((mask) =>
    modes.map((mode) => ({ mask, mode, name: `mode ${octal(mode)} under umask ${octal(mask)}` })),
  );

  it.each(cases)('a file gets exactly $name', async ({ mask, mode }) => {
    const path = join(await temporaryFolder(), 'token');
    withUmask(mask);
    await writeAtomically(path, 'token', { mode });
    expect(await modeOf(path)).toBe(mode);
  });

  it('a file gets the requested mode, whatever mode the old file had', async () => {
    const path = join(await temporaryFolder(), 'token');
    await writeFile(path, 'old');
    await chmod(path, 0o777);
    await writeAtomically(path, 'new', { mode: 0o600 });
    expect(await modeOf(path)).toBe(0o600);
  });

  it('a file can be given to a numeric group that has no name', async (ctx) => {
    if (!isRoot) return ctx.skip('only root may give a file to any group');
    const path = join(await temporaryFolder(), 'token');
    await writeAtomically(path, 'token', { mode: 0o640, gid: 48_731 });
    expect(await stat(path)).toMatchObject({ gid: 48_731, uid: process.geteuid?.() });
    expect(await modeOf(path)).toBe(0o640);
  });

  it('a file gets the group of its setgid folder when no group is requested', async (ctx) => {
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

describe('a write that is asked for at the last moment', () => {
  it('a write changes nothing and leaves nothing behind when it is no longer wanted', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'token');
    await writeFile(path, 'old');
    const before = await stat(path);
    expect(await writeAtomically(path, 'new', { mode: 0o640 }, async () => false)).toBe(false);
    expect(await readFile(path, 'utf8')).toBe('old');
    expect((await stat(path)).ino).toBe(before.ino);
    expect(await namesIn(folder)).toEqual(['token']);
  });

  it('a write shows, to the nanosecond, the file that is going to take the place of the old one', async () => {
    const path = join(await temporaryFolder(), 'token');
    let shown: bigint[] = [];
    const done = await writeAtomically(path, 'new', { mode: 0o640 }, async (look) => {
      const { ino, mtimeNs, size } = await look();
      shown = [ino, mtimeNs, size];
      return true;
    });
    expect(done).toBe(true);
    const { ino, mtimeNs, size } = await lstat(path, { bigint: true });
    expect(shown).toEqual([ino, mtimeNs, size]);
  });

  it('a write fails as the question does, and leaves nothing behind', async () => {
    const folder = await temporaryFolder();
    const write = writeAtomically(join(folder, 'token'), 'new', { mode: 0o640 }, async () => {
      throw new Error('who knows');
    });
    await expect(write).rejects.toThrow('who knows');
    expect(await namesIn(folder)).toEqual([]);
  });
});

describe('folders that cannot be synced', () => {
  it.each(['EINVAL', 'ENOTSUP', 'ENOSYS'])('%s says that the file system cannot sync a folder', (code) => {
    expect(cannotSyncFolders(Object.assign(new Error('fsync'), { code }))).toBe(true);
  });

  it.each(['EIO', 'ENOSPC', 'EDQUOT', '', undefined])('%s says that the disk has failed', (code) => {
    expect(cannotSyncFolders(Object.assign(new Error('fsync'), { code }))).toBe(false);
  });
});

describe('failed writes', () => {
  it('a write into a missing folder fails with ENOENT', async () => {
    const path = join(await temporaryFolder(), 'missing', 'token');
    await expect(writeAtomically(path, 'token', { mode: 0o640 })).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('a write to the path of a folder fails with EISDIR and changes nothing', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'token'));
    expect(await failingWrite(folder)).toBe('EISDIR');
  });

  it('a write for an impossible group fails and leaves the old file', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'token'), 'old');
    expect(await failingWrite(folder, 'new', 2 ** 40)).toBe('ERR_OUT_OF_RANGE');
  });

  it('a write on a full disk fails with ENOSPC and leaves the old file', async (ctx) => {
    const folder = await temporaryFolder();
    const problem = await mount(['-t', 'tmpfs', '-o', 'size=64k', 'none'], folder);
    if (problem) return ctx.skip(problem);
    await writeAtomically(join(folder, 'token'), 'old', { mode: 0o640 });
    expect(await failingWrite(folder, 'x'.repeat(200_000))).toBe('ENOSPC');
    await writeAtomically(join(folder, 'token'), 'new', { mode: 0o640 });
    expect(await readFile(join(folder, 'token'), 'utf8')).toBe('new');
  });

  it('a write on a read-only disk fails with EROFS and leaves the old file', async (ctx) => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'token'), 'old');
    const problem = await mount(['--bind', '-o', 'ro', folder], folder);
    if (problem) return ctx.skip(problem);
    expect(await failingWrite(folder)).toBe('EROFS');
  });

  it('a write to a single mounted file fails with EBUSY and leaves the old file', async (ctx) => {
    const folder = await temporaryFolder();
    const path = join(folder, 'token');
    await writeFile(path, 'old');
    const problem = await mount(['--bind', path], path);
    if (problem) return ctx.skip(problem);
    expect(await failingWrite(folder)).toBe('EBUSY');
  });

  it.for([
    { what: 'a folder that the writer may only read', mode: 0o755, uid: 0 },
    { what: 'a folder that the writer may not list', mode: 0o300, uid: NOBODY },
  ])('a write fails with EACCES and leaves the old file in $what', async ({ mode, uid }, ctx) => {
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

  it('a write for a group that the writer does not belong to fails with EPERM', async (ctx) => {
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
