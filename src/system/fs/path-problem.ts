import { access, constants, lstat, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileProblem } from './file-failure.ts';
import { readMounts } from './mounts.ts';

/**
 * Why a file cannot be published at this path, with the remedy; undefined when nothing speaks against it.
 * What is found here would otherwise fail at the first rotation, or worse: seem to work. Nothing is changed to find out.
 */
export async function pathProblem(path: string): Promise<string | undefined> {
  const folder = dirname(path);
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSymbolicLink()) {
    return `${path} is a symbolic link, which the first write would replace: name the file it should be`;
  }
  if (found && !found.isFile()) {
    return `${path} is there already and is not a regular file: remove it, or name another path`;
  }
  if (found && (await isMountPoint(path))) {
    return `${path} is itself a mount (a single-file bind mount or subPath), so readers would keep the old file for ever: mount the folder ${folder} instead`;
  }
  return folderProblem(folder);
}

/** Why nothing can be written into a folder, or why it cannot be created. Nothing is changed to find out. */
export async function folderProblem(folder: string): Promise<string | undefined> {
  const { R_OK, W_OK, X_OK } = constants;
  const nearest = await nearestExisting(folder);
  const isThere = nearest === folder;
  try {
    if (!(await stat(nearest)).isDirectory()) {
      return fileProblem('create the folder', folder, { code: isThere ? 'EEXIST' : 'ENOTDIR' });
    }
    await access(nearest, isThere ? R_OK | W_OK | X_OK : W_OK | X_OK);
    return undefined;
  } catch (error) {
    return fileProblem(isThere ? 'write into' : 'create the folder', folder, error);
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
