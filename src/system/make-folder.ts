import { chmod, mkdir, stat } from 'node:fs/promises';
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

/** As {@link makeFolder}, but what is created is for its owner alone. */
export async function makePrivateFolder(folder: string): Promise<void> {
  if (await makeFolder(folder)) await chmod(folder, 0o700);
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
