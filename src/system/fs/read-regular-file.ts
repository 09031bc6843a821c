import type { BigIntStats } from 'node:fs';
import { constants, type FileHandle, open, stat } from 'node:fs/promises';

/** Read at once, in bytes: more than almost all that is read here. */
const CHUNK = 16 * 1024;

export interface RegularFile {
  readonly text: string;
  readonly stat: BigIntStats;
}

/**
 * Reads a file that somebody else may have put there: a regular one, and without waiting for whoever might write to a
 * pipe. What a file says about its size is only believed once so much has been read: those of /proc say nothing.
 * @param largest bytes; of a larger file no more than these are read, and it is refused
 * @param followLinks where the path is a link on purpose, as those in the volumes of Kubernetes are
 * @throws {Error} why it was not read; with a `code` where the file system said so
 */
export async function readRegularFile(
  path: string,
  largest: number,
  { followLinks = false } = {},
): Promise<RegularFile> {
  const file = await openRegularFile(path, followLinks);
  try {
    return { text: await readWhole(file.handle, largest, Number(file.stat.size)), stat: file.stat };
  } finally {
    await file.handle.close();
  }
}

/**
 * As {@link readRegularFile}, unless the file is one that is known already.
 * @returns undefined when it is
 */
export async function readUnlessKnown(
  path: string,
  largest: number,
  isKnown: (stat: BigIntStats) => boolean,
): Promise<RegularFile | undefined> {
  // Opened to be asked: a network file system tells then, and only then, how things are now.
  const { handle, stat } = await openRegularFile(path, false);
  try {
    return isKnown(stat) ? undefined : { text: await readWhole(handle, largest, Number(stat.size)), stat };
  } finally {
    await handle.close();
  }
}

async function openRegularFile(path: string, followLinks: boolean) {
  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
  const handle = await open(path, O_RDONLY | O_NONBLOCK | (followLinks ? 0 : O_NOFOLLOW));
  try {
    const stat = await handle.stat({ bigint: true });
    if (!stat.isFile()) throw new Error('not a regular file');
    return { handle, stat };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function readWhole(file: FileHandle, largest: number, size: number): Promise<string> {
  if (size > largest) throw new Error(`too large (${size} bytes)`);
  const chunks: Buffer[] = [];
  for (let length = 0; length <= largest; ) {
    const next = Math.min(CHUNK, (length < size ? size : largest + 1) - length);
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(next));
    chunks.push(buffer.subarray(0, bytesRead));
    length += bytesRead;
    if (bytesRead === 0 || length === size) return Buffer.concat(chunks).toString('utf8');
  }
  throw new Error(`too large (more than ${largest} bytes)`);
}

/**
 * Tells one content of a file from another without reading it: all of ours are replaced, never written in place, so
 * another content is another inode, and one that was used before carries another time.
 */
export function replacementMark({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${size}:${mtimeNs}`;
}

/**
 * What was made of a file last, for as long as nothing says that it is another one: what is found behind the path
 * counts, its size and its times.
 * @param make rejects where nothing can be made of it, and is asked again then
 */
export function fileMemo<T>(path: string, make: () => Promise<T>): () => Promise<T> {
  let known: { readonly mark: string; readonly made: T } | undefined;
  return async () => {
    const mark = await stat(path, { bigint: true }).then(
      ({ dev, ino, size, mtimeNs, ctimeNs }) => `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`,
      () => undefined,
    );
    if (known && known.mark === mark) return known.made;
    known = undefined;
    const made = await make();
    if (mark !== undefined) known = { mark, made };
    return made;
  };
}
