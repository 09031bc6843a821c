import { access, constants, lstat, readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileFailure } from '../system/file-failure.ts';

/**
 * Why a file cannot be published at this path, with the remedy; undefined when it can. The folder must exist.
 * What is found here would otherwise fail at the first rotation, or worse: seem to work.
 */
export async function pathProblem(path: string): Promise<string | undefined> {
  const folder = dirname(path);
  const stat = await lstat(path).catch(() => undefined);
  if (stat?.isSymbolicLink()) {
    return `${path} is a symbolic link, which the first write would replace: name the file it should be`;
  }
  if (stat && !stat.isFile())
    return `${path} is there already and is not a regular file: remove it, or name another path`;
  if (await isMountPoint(path)) {
    return `${path} is itself a mount (a single-file bind mount or subPath), so readers would keep the old file for ever: mount the folder ${folder} instead`;
  }
  try {
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const { message, advice } = fileFailure('write into', folder, error).failure;
    return advice ? `${message}; ${advice}` : message;
  }
}

/** A rename onto a mount point fails with EBUSY, and what is mounted there keeps its inode. Linux only. */
async function isMountPoint(path: string): Promise<boolean> {
  const table = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  const real = join(await realpath(dirname(path)).catch(() => dirname(path)), basename(path));
  return table.split('\n').some((line) => unescapeOctal(line.split(' ')[4] ?? '') === real);
}

/** The kernel writes blanks, tabs, newlines and backslashes in mountinfo as `\ooo`. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
