import { lstat, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Creates a folder and whatever above it is missing: readable as the umask says, but never for everyone to write, who
 * could plant a token there.
 * @returns whether it was created; one that is there keeps its mode, which someone may have chosen
 */
export async function makeFolder(folder: string): Promise<boolean> {
  try {
    return (await mkdir(folder, { recursive: true, mode: 0o755 })) !== undefined;
  } catch (error) {
    // Node says ENOENT where the file system said EROFS; asked for one folder alone, it says it as it was.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') await mkdir(await firstMissing(folder));
    throw error;
  }
}

async function firstMissing(folder: string): Promise<string> {
  const above = dirname(folder);
  const isThere = await lstat(above).then(
    () => true,
    () => false,
  );
  return isThere || above === folder ? folder : firstMissing(above);
}
