import { access, constants, lstat, realpath, stat, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Failure, PASSING } from '../../core/failure.ts';
import { fileFailure, inOneLine } from './file-failure.ts';
import { readMounts } from './mounts.ts';

/**
 * Why a file cannot be published at this path, with the remedy; undefined when nothing speaks against it.
 * What is found here would otherwise fail at the first rotation, or worse: seem to work. Nothing is changed to find out.
 */
export async function pathProblem(path: string): Promise<string | undefined> {
  const failure = await pathFailure(path);
  return failure && inOneLine(failure);
}

/** The same as data. */
export async function pathFailure(path: string): Promise<Failure | undefined> {
  const folder = dirname(path);
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSymbolicLink()) {
    return unusable(
      'ELOOP',
      `${path} is a symbolic link, which the first write would replace: name the file it should be`,
    );
  }
  if (found && !found.isFile()) {
    return unusable(
      'EISDIR',
      `${path} is there already and is not a regular file: remove it, or name another path`,
    );
  }
  if (found && (await isMountPoint(path))) {
    return unusable(
      'EBUSY',
      `${path} is itself a mount (a single-file bind mount or subPath), so readers would keep the old file for ever: mount the folder ${folder} instead`,
    );
  }
  return folderFailure(folder);
}

function unusable(code: string, message: string): Failure {
  return { class: 'passing', code, message, effect: 'none', backoff: PASSING };
}

/** Why nothing can be written into a folder, or why it cannot be created. Nothing is changed to find out. */
export async function folderProblem(folder: string): Promise<string | undefined> {
  const failure = await folderFailure(folder);
  return failure && inOneLine(failure);
}

/** The same as data. */
export async function folderFailure(folder: string): Promise<Failure | undefined> {
  const { R_OK, W_OK, X_OK } = constants;
  const nearest = await nearestExisting(folder);
  const isThere = nearest === folder;
  try {
    if (!(await stat(nearest)).isDirectory()) {
      return fileFailure('create the folder', folder, { code: isThere ? 'EEXIST' : 'ENOTDIR' }).failure;
    }
    await access(nearest, isThere ? R_OK | W_OK | X_OK : W_OK | X_OK);
    return undefined;
  } catch (error) {
    return fileFailure(isThere ? 'write into' : 'create the folder', folder, error).failure;
  }
}

/** The path, or the first one above it that is there or that we may not look at. */
async function nearestExisting(path: string): Promise<string> {
  try {
    await stat(path);
    return path;
  } catch (error) {
    const isMissing = ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
    return isMissing && dirname(path) !== path ? nearestExisting(dirname(path)) : path;
  }
}

/** A rename onto a mount point fails with EBUSY, and what is mounted there keeps its inode. Linux only. */
async function isMountPoint(path: string): Promise<boolean> {
  const [mounts, real] = await Promise.all([readMounts(), realEntry(path)]);
  return mounts.some(({ point }) => point === real);
}

/** Where a path leads once all links are followed; of what is not there yet, where it would be. */
export async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    return dirname(path) === path ? path : await realEntry(path);
  }
}

/** Where the entry itself lies that a write would replace: a link at the end of the path is not followed. */
async function realEntry(path: string): Promise<string> {
  return join(await realPath(dirname(path)), basename(path));
}

/** Bytes: the least that a file takes on most volumes. */
const ONE_FILE = 4096;

/** Why there is no room in a folder for one more file; undefined where there is, or where nobody can tell. */
export async function spaceFailure(folder: string): Promise<Failure | undefined> {
  const space = await statfs(await nearestExisting(folder)).catch(() => undefined);
  // Some file systems count nothing: of all zeros none means anything.
  if (!space || space.blocks === 0) return undefined;
  const isRoot = process.geteuid?.() === 0;
  const bytes = (isRoot ? space.bfree : space.bavail) * space.bsize;
  const hasEntries = space.files === 0 || space.ffree > 0;
  if (bytes >= ONE_FILE && hasEntries) return undefined;
  return fileFailure('write into', folder, { code: 'ENOSPC' }).failure;
}
