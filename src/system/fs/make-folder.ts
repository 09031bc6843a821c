import { dirname } from 'node:path';
import { chmod, chown, isUnanswered, mkdir, stat } from './files.ts';

/**
 * Creates a folder and all missing parents, with mode 0755 minus the umask: never world-writable, because others
 * could then plant a token there. It does not use Node's `recursive`, which reports ENOENT where the file system
 * said EROFS, and retries for ever where a file system answers ENOENT to a folder that it refuses to create (as
 * /proc does).
 * @returns whether it was created; an existing folder keeps its mode, which an operator may have chosen
 * @throws {NodeJS.ErrnoException} the file system's error
 */
export async function makeFolder(folder: string): Promise<boolean> {
  try {
    return await makeOne(folder);
  } catch (error) {
    const above = dirname(folder);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || above === folder) throw error;
    await makeFolder(above);
    return makeOne(folder);
  }
}

/** Who may use a folder and the files in it. */
export interface Access {
  /** Permission bits of the folder. */
  readonly mode: number;
  /** Numeric id of the group that shares the folder; absent: its owner uses it alone. */
  readonly gid?: number;
}

/**
 * Creates a folder as {@link makeFolder} does, but accessible only to its owner or to the group that shares it. An
 * existing folder is left as it is.
 * @throws {NodeJS.ErrnoException} the file system's error
 */
export async function makeFolderFor(folder: string, { mode, gid }: Access): Promise<void> {
  if (!(await makeFolder(folder))) return;
  if (gid !== undefined) await chown(folder, process.geteuid?.() ?? -1, gid);
  // With setgid, files created in the folder (locks, and what other users write) belong to the group as well.
  await chmod(folder, gid === undefined ? mode : mode | 0o2000);
}

async function makeOne(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o755 });
    return true;
  } catch (error) {
    if (await isFolder(folder)) return false;
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    (error: unknown) => {
      if (isUnanswered(error)) throw error;
      return false;
    },
  );
}
