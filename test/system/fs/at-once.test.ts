import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, constants, existsSync, openSync } from 'node:fs';
import { mkdtemp, open as openInThread, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeAtomically } from '../../../src/system/fs/atomic-write.ts';
import {
  glanceAt,
  lstat,
  mkdir,
  open,
  realpath,
  rmdir,
  stat,
  volumes,
} from '../../../src/system/fs/files.ts';
import { readRegularFile } from '../../../src/system/fs/read-regular-file.ts';

const MEMORY = '/dev/shm';
/** Of Node's threads. */
const THREADS = 4;

let folder: string;

beforeAll(async () => {
  if (existsSync(MEMORY)) folder = await mkdtemp(join(MEMORY, 'wx-'));
});

afterAll(async () => {
  if (folder) await rm(folder, { recursive: true });
});

function makePipe(name: string): string {
  const path = join(folder, name);
  execFileSync('mkfifo', [path]);
  return path;
}

/** Lets every thread wait for the other end of a pipe. @returns opens that end */
function occupyThreads(): () => Promise<void> {
  const pipe = makePipe(`pipe-${randomUUID()}`);
  const waiting = Array.from({ length: THREADS }, () => openInThread(pipe, 'r'));
  return async () => {
    const end = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
    for (const one of waiting) await (await one).close();
    closeSync(end);
  };
}

/** Whether it takes a thread: it is not answered while there is none, and what is in memory is. */
async function expectToWait(ask: () => Promise<unknown>): Promise<void> {
  const release = occupyThreads();
  let isAnswered = false;
  const answer = ask().then(() => {
    isAnswered = true;
  });
  try {
    for (let look = 0; look < 10; look += 1) await stat(folder);
    expect(isAnswered).toBe(false);
  } finally {
    await release();
  }
  await answer;
}

describe.skipIf(!existsSync(MEMORY))('files in memory', () => {
  it('they are read and written while every thread of Node hangs', async () => {
    const path = join(folder, 'token');
    // Where the folder is has been found out before.
    await stat(folder);
    await lstat(path).catch(() => {});
    const release = occupyThreads();
    try {
      expect(await writeAtomically(path, 'content', { mode: 0o640 })).toBe(true);
      expect((await readRegularFile(path, 100)).text).toBe('content');
      expect((await stat(path)).mode & 0o777).toBe(0o640);
      await mkdir(join(folder, 'lock'));
      await rmdir(join(folder, 'lock'));
    } finally {
      await release();
    }
  });

  it('a folder that was missing a moment ago needs no thread either', async () => {
    const fresh = join(folder, 'fresh');
    const path = join(fresh, 'deeper', 'token');
    for (const missing of [fresh, path])
      await expect(stat(missing)).rejects.toMatchObject({ code: 'ENOENT' });
    const release = occupyThreads();
    try {
      await expect(realpath(path)).rejects.toMatchObject({ code: 'ENOENT' });
      await mkdir(fresh);
      await mkdir(join(fresh, 'deeper'));
      expect(await writeAtomically(path, 'content', { mode: 0o640 })).toBe(true);
      expect(await realpath(path)).toBe(path);
    } finally {
      await release();
    }
  });

  it.each(['aside/../beside', 'aside/..', 'aside/', 'aside/.', './beside', '/beside'])(
    'a path that ends in %s is not written as its name is and is asked in a thread, since it may lead elsewhere',
    async (end) => {
      await mkdir(join(folder, 'aside'), { recursive: true });
      await writeAtomically(join(folder, 'beside'), 'content', { mode: 0o640 });
      const path = `${folder}/${end}`;
      await expectToWait(() => stat(path));
      await expectToWait(async () => (await open(path, constants.O_RDONLY)).close());
      expect(glanceAt(path)).toBeUndefined();
      expect(volumes.isNear(path)).toBe(false);
    },
  );

  it('what comes as a link where nothing was is asked in a thread, since it may hang', async () => {
    const linked = join(folder, 'linked-later');
    await expect(stat(linked)).rejects.toMatchObject({ code: 'ENOENT' });
    await symlink('/', linked);
    await expectToWait(() => stat(linked));
  });

  it('what a link leads to is asked in a thread, since it may hang', async () => {
    const linked = join(folder, 'linked');
    await symlink('/', linked);
    await stat(join(linked, 'tmp'));
    await expectToWait(() => stat(join(linked, 'tmp')));
  });

  it('the opening of a pipe waits for nobody', async () => {
    const pipe = makePipe('lonely');
    await expect(open(pipe, constants.O_WRONLY)).rejects.toMatchObject({ code: 'ENXIO' });
    await expect(readRegularFile(pipe, 100)).rejects.toThrow('not a regular file');
  });
});
