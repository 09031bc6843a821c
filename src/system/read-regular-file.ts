import type { Stats } from 'node:fs';
import { constants, open } from 'node:fs/promises';

/**
 * Reads a file that somebody else may have put there: a regular one, not a link to something else, and without waiting
 * for whoever might write to a pipe.
 * @param largest bytes; more is refused unread
 * @throws {Error} why it was not read; with a `code` where the file system said so
 */
export async function readRegularFile(
  path: string,
  largest: number,
): Promise<{ readonly text: string; readonly stat: Stats }> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new Error('not a regular file');
    if (stat.size > largest) throw new Error(`too large (${stat.size} bytes)`);
    return { text: await file.readFile('utf8'), stat };
  } finally {
    await file.close();
  }
}
