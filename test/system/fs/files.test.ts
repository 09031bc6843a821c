import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { constants, lutimes, open, stat } from '../../../src/system/fs/files.ts';

const { O_CREAT, O_DIRECTORY, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants;

/** What is in memory is asked at once, what is elsewhere in a thread. */
const PLACES = [tmpdir(), '/dev/shm'].filter((place, index) => index === 0 || existsSync(place));

describe.each(PLACES)('calls in turn, in %s', (place) => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(place, 'wx-'));
    await mkdir(join(folder, 'real'));
    await writeFile(join(folder, 'real', 'file'), 'content');
    await symlink('real', join(folder, 'linked'));
    await symlink('linked/file', join(folder, 'twice'));
    await symlink('nowhere', join(folder, 'dangling'));
    await symlink('round', join(folder, 'round'));
  });

  afterAll(() => rm(folder, { recursive: true }));

  async function readAt(path: string): Promise<string> {
    const file = await open(path, O_RDONLY);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(100));
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  }

  it('a link at the end of a path is followed, each time and to where it leads now', async () => {
    const path = join(folder, 'twice');
    for (let time = 0; time < 2; time += 1) {
      expect(await readAt(path)).toBe('content');
      expect((await stat(path)).size).toBe('content'.length);
      expect((await stat(path, { bigint: true })).size).toBe(BigInt('content'.length));
    }
    await rm(path);
    await writeFile(join(folder, 'real', 'other'), 'more content');
    await symlink('linked/other', path);
    expect(await readAt(path)).toBe('more content');
    expect((await stat(path)).size).toBe('more content'.length);
  });

  it('a file that is closed twice does not close the one that was opened in between', async () => {
    const path = join(folder, 'real', 'file');
    for (const flags of [O_RDONLY, O_WRONLY]) {
      const first = await open(path, flags);
      await first.close();
      const others = await Promise.all([open(path, O_RDONLY), open(path, O_RDONLY), open(path, O_RDONLY)]);
      await first.close();
      for (const other of others) {
        expect((await other.read(Buffer.alloc(7))).buffer.toString()).toBe('content');
        await other.close();
      }
    }
  });

  it('a folder behind a link is opened as a folder, and what is none is refused', async () => {
    const file = await open(join(folder, 'linked'), O_RDONLY | O_DIRECTORY);
    expect((await file.stat()).isDirectory()).toBe(true);
    await file.close();
    expect((await stat(join(folder, 'linked'))).isDirectory()).toBe(true);
    await expect(open(join(folder, 'real', 'file'), O_RDONLY | O_DIRECTORY)).rejects.toMatchObject({
      code: 'ENOTDIR',
    });
  });

  it('a link is not followed where the caller forbids it', async () => {
    await expect(open(join(folder, 'dangling'), O_RDONLY | O_NOFOLLOW)).rejects.toMatchObject({
      code: 'ELOOP',
    });
  });

  it('a link to nothing and a circle fail as the file system says', async () => {
    await expect(stat(join(folder, 'dangling'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(open(join(folder, 'dangling'), O_RDONLY)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(stat(join(folder, 'round'))).rejects.toMatchObject({ code: 'ELOOP' });
    await expect(open(join(folder, 'round'), O_RDONLY)).rejects.toMatchObject({ code: 'ELOOP' });
  });

  it('a file is created where a link to nothing leads', async () => {
    await symlink('made', join(folder, 'to-make'));
    const file = await open(join(folder, 'to-make'), O_CREAT | O_WRONLY, 0o600);
    await file.writeFile('new');
    await file.close();
    expect(await readAt(join(folder, 'made'))).toBe('new');
    expect(await readlink(join(folder, 'to-make'))).toBe('made');
  });

  it('a path that was missing is found once it is there, as a link too', async () => {
    const path = join(folder, 'later', 'file');
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
    await symlink('real', join(folder, 'later'));
    expect((await stat(path)).size).toBe('content'.length);
    expect(await readAt(path)).toBe('content');
  });

  it('the times of a link are its own', async () => {
    await lutimes(join(folder, 'dangling'), 1, 1);
    await expect(lutimes(join(folder, 'nothing'), 1, 1)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
