import { chmod, chown, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Creates a folder and whatever above it is missing: readable as the umask says, but never for everyone to write, who
 * could plant a token there. Not with Node's `recursive`, which says ENOENT where the file system said EROFS, and tries
 * for ever where a file system says ENOENT of what it does not want to create (/proc does).
 * @returns whether it was created; one that is there keeps its mode, which someone may have chosen
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

/** Who may use a folder and what lies in it. */
export interface Access {
  /** Permission bits of the folder. */
  readonly mode: number;
  /** The group that shares it, where one does. */
  readonly gid?: number;
}

/** As {@link makeFolder}, but what is created is for its owner alone, or for the group that is to share it. */
export async function makeFolderFor(folder: string, { mode, gid }: Access): Promise<void> {
  if (!(await makeFolder(folder))) return;
  if (gid !== undefined) await chown(folder, process.geteuid?.() ?? -1, gid);
  // What is created in it is to belong to the group as well: locks, and what other users write.
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
    () => false,
  );
}
