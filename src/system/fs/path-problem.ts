import { access, constants, lstat, realpath, stat, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Failure, PASSING } from '../../core/failure.ts';
import { fileFailure, inOneLine } from './file-failure.ts';
import { readMounts } from './mounts.ts';

/**
 * Explains, in one line with advice, why a file cannot be published at this path; undefined when no obstacle is
 * found. It finds problems that would otherwise fail at the first rotation or, worse, seem to work. It changes
 * nothing and never rejects.
 */
export async function pathProblem(path: string): Promise<string | undefined> {
  const failure = await pathFailure(path);
  return failure && inOneLine(failure);
}

/** As {@link pathProblem}, but returns the failure itself. */
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

/**
 * Explains, in one line with advice, why a folder cannot be written to or created; undefined when no obstacle is
 * found. It changes nothing and never rejects.
 */
export async function folderProblem(folder: string): Promise<string | undefined> {
  const failure = await folderFailure(folder);
  return failure && inOneLine(failure);
}

/** As {@link folderProblem}, but returns the failure itself. */
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

/** Returns the path itself, or its nearest ancestor that exists or that may not be examined. */
async function nearestExisting(path: string): Promise<string> {
  try {
    await stat(path);
    return path;
  } catch (error) {
    const isMissing = ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
    return isMissing && dirname(path) !== path ? nearestExisting(dirname(path)) : path;
  }
}

/**
 * Whether a path is a mount point: renaming onto one fails with EBUSY, and the mounted file keeps its inode. Linux
 * only.
 */
async function isMountPoint(path: string): Promise<boolean> {
  const [mounts, real] = await Promise.all([readMounts(), realEntry(path)]);
  return mounts.some(({ point }) => point === real);
}

/**
 * Resolves all symbolic links of a path. For a path that does not exist yet, returns where it would be. Never
 * rejects.
 */
export async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    return dirname(path) === path ? path : await realEntry(path);
  }
}

/**
 * Resolves the path of the directory entry that a write would replace: a link at the end of the path is not
 * followed.
 */
async function realEntry(path: string): Promise<string> {
  return join(await realPath(dirname(path)), basename(path));
}

/** Least space (bytes) that a file takes on most volumes. */
const ONE_FILE = 4096;

/**
 * Returns an ENOSPC failure when a folder has no room for one more file; undefined when it has, or when that is
 * unknown.
 */
export async function spaceFailure(folder: string): Promise<Failure | undefined> {
  const space = await statfs(await nearestExisting(folder)).catch(() => undefined);
  // Some file systems do not count space; they report zeros throughout, which mean nothing.
  if (!space || space.blocks === 0) return undefined;
  const isRoot = process.geteuid?.() === 0;
  const bytes = (isRoot ? space.bfree : space.bavail) * space.bsize;
  const hasEntries = space.files === 0 || space.ffree > 0;
  if (bytes >= ONE_FILE && hasEntries) return undefined;
  return fileFailure('write into', folder, { code: 'ENOSPC' }).failure;
}
