import { basename, dirname, join } from 'node:path';
import type { Text } from '../../core/text.ts';
import { fileProblem } from './file-failure.ts';
import { access, constants, isUnanswered, lstat, realpath, stat } from './files.ts';
import { readMounts } from './mounts.ts';

/**
 * Explains, in one line with advice, why a file cannot be published at this path; undefined when no obstacle is
 * found. It finds problems that would otherwise fail at the first rotation or, worse, seem to work. It changes
 * nothing and never rejects.
 */
export async function pathProblem(path: string): Promise<Text | undefined> {
  const folder = dirname(path);
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSymbolicLink()) {
    return {
      en: `${path} is a symbolic link, which the first write would replace: name the file it should be`,
      zh: `${path} 是符号链接，第一次写入就会替换它：写上它应当是的那个文件`,
    };
  }
  if (found && !found.isFile()) {
    return {
      en: `${path} is there already and is not a regular file: remove it, or name another path`,
      zh: `${path} 已经存在，而且不是普通文件：移除它，或换一个路径`,
    };
  }
  if (found && (await isMountPoint(path))) {
    return {
      en: `${path} is itself a mount (a single-file bind mount or subPath), so readers would keep the old file for ever: mount the folder ${folder} instead`,
      zh: `${path} 本身是一个挂载点（单个文件的 bind mount 或 subPath），读取方会永远停留在旧文件上：请挂载目录 ${folder}`,
    };
  }
  return folderProblem(folder);
}

/**
 * Explains, in one line with advice, why a folder cannot be written to or created; undefined when no obstacle is
 * found. It changes nothing and never rejects.
 */
export async function folderProblem(folder: string): Promise<Text | undefined> {
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
    // That passes, and is told of the volume.
    if (isUnanswered(error)) return undefined;
    return fileProblem(isThere ? 'write into' : 'create the folder', folder, error);
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
