import { access, constants, lstat, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Failure, PASSING } from '../core/failure.ts';
import { fileFailure, inOneLine } from './file-failure.ts';
import { readMounts } from './mounts.ts';
import { realEntry } from './real-path.ts';

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
export async function nearestExisting(path: string): Promise<string> {
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
