import type { Stats } from 'node:fs';
import { constants, type FileHandle, open } from 'node:fs/promises';

/** Read at once, in bytes: more than almost all that is read here. */
const CHUNK = 16 * 1024;

/**
 * Reads a file that somebody else may have put there: a regular one, and without waiting for whoever might write to a
 * pipe. What a file says about its size is not believed: those of /proc say nothing, and others grow.
 * @param largest bytes; of a larger file no more than these are read, and it is refused
 * @param followLinks where the path is a link on purpose, as those in the volumes of Kubernetes are
 * @throws {Error} why it was not read; with a `code` where the file system said so
 */
export async function readRegularFile(
  path: string,
  largest: number,
  { followLinks = false } = {},
): Promise<{ readonly text: string; readonly stat: Stats }> {
  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
  const file = await open(path, O_RDONLY | O_NONBLOCK | (followLinks ? 0 : O_NOFOLLOW));
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new Error('not a regular file');
    if (stat.size > largest) throw new Error(`too large (${stat.size} bytes)`);
    return { text: await readUpTo(file, largest), stat };
  } finally {
    await file.close();
  }
}

async function readUpTo(file: FileHandle, largest: number): Promise<string> {
  const chunks: Buffer[] = [];
  for (let length = 0; length <= largest; ) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(CHUNK, largest + 1 - length)));
    if (bytesRead === 0) return Buffer.concat(chunks).toString('utf8');
    chunks.push(buffer.subarray(0, bytesRead));
    length += bytesRead;
  }
  throw new Error(`too large (more than ${largest} bytes)`);
}
