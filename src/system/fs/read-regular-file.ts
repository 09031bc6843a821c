import type { BigIntStats } from 'node:fs';
import type { Clock } from '../../core/ports.ts';
import type { Text } from '../../core/text.ts';
import { SECOND } from '../../core/time.ts';
import { systemClock } from '../time/clock.ts';
import { constants, type FileHandle, glanceAt, lstat, open, stat, volumes } from './files.ts';

/** Bytes per read: most files that the daemon reads are smaller. */
const CHUNK = 16 * 1024;

/** A file that is not read though the file system would allow it. */
export class RefusedFileError extends Error {
  override readonly name = 'RefusedFileError';
  /** Why, in a few words. */
  readonly why: Text;

  constructor(why: Text) {
    super(why.en);
    this.why = why;
  }
}

export interface RegularFile {
  readonly text: string;
  readonly stat: BigIntStats;
}

/**
 * Reads a file that another user may have placed there. It accepts regular files only and never waits for the
 * writer of a pipe. It trusts the stated size only once that much has been read, because files in /proc state none.
 * @param largest size limit in bytes: a larger file is refused, and no more than this is read of it
 * @param followLinks for paths that are links on purpose, as in volumes of Kubernetes
 * @throws {RefusedFileError} for what is no regular file, or too large
 * @throws {NodeJS.ErrnoException} the file system's error
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
 * Reads a file as {@link readRegularFile} does (links are not followed), unless the caller already knows its
 * content.
 * @param isKnown decides by the state of the file; it is called again with that of the opened one. Absent: it is not known
 * @returns undefined when the content is known
 * @throws {Error} as {@link readRegularFile}
 */
export async function readUnlessKnown(
  path: string,
  largest: number,
  isKnown: ((stat: BigIntStats) => boolean) | undefined,
): Promise<RegularFile | undefined> {
  // A network file system reports the current state only on open: what else is asked need not be opened for it.
  if (isKnown && volumes.isNear(path) && isKnown(await lstat(path, { bigint: true }))) return undefined;
  const { handle, stat } = await openRegularFile(path, false);
  try {
    return isKnown?.(stat) ? undefined : { text: await readWhole(handle, largest, Number(stat.size)), stat };
  } finally {
    await handle.close();
  }
}

async function openRegularFile(path: string, followLinks: boolean) {
  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
  const handle = await open(path, O_RDONLY | O_NONBLOCK | (followLinks ? 0 : O_NOFOLLOW));
  try {
    const stat = await handle.stat({ bigint: true });
    if (!stat.isFile()) throw new RefusedFileError({ en: 'not a regular file', zh: '不是普通文件' });
    return { handle, stat };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Reads all of a file that has just been opened.
 * @param size that it is said to have, bytes
 * @throws {RefusedFileError} when it is larger than `largest`
 */
export async function readWhole(file: FileHandle, largest: number, size: number): Promise<string> {
  if (size > largest) {
    throw new RefusedFileError({ en: `too large (${size} bytes)`, zh: `太大，有 ${size} 字节` });
  }
  const chunks: Buffer[] = [];
  for (let length = 0; length <= largest; ) {
    const next = Math.min(CHUNK, (length < size ? size : largest + 1) - length);
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(next));
    chunks.push(buffer.subarray(0, bytesRead));
    length += bytesRead;
    if (bytesRead === 0 || length === size) return Buffer.concat(chunks).toString('utf8');
  }
  throw new RefusedFileError({
    en: `too large (more than ${largest} bytes)`,
    zh: `太大，超过 ${largest} 字节`,
  });
}

/**
 * Identifies a version of a file's content without reading it. The daemon always replaces its files and never
 * writes in place, so new content has a new inode, and a reused inode has another modification time.
 */
export function replacementMark({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${size}:${mtimeNs}`;
}

/** Identifies a state of a file: whoever writes to it, replaces it or changes its mode or owner makes another one. */
export function changeMark({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;
}

/** A file's times are as fine as the kernel's clock, some ms: two changes in one of its steps look like one, ms. */
const SETTLED = SECOND;

/**
 * Whether the next change of a file or folder is certain to give it another {@link changeMark}.
 * @param wall now, epoch ms
 */
export function isSettled(
  { mtimeMs, ctimeMs }: Pick<BigIntStats, 'mtimeMs' | 'ctimeMs'>,
  wall: number,
): boolean {
  return wall - Math.max(Number(mtimeMs), Number(ctimeMs)) >= SETTLED;
}

/** A value that is computed from a file. */
export interface FileMemo<T> {
  /** Returns the cached or the new value. @throws as what computes it does */
  get(): Promise<T>;
  /**
   * Whether this value is certainly that of the file, found out without waiting: the file is in memory and has not changed, or it
   * was looked at a moment ago for somebody else.
   * @param value what the one who asks was given. Somebody else may have been given a newer one since
   */
  isCurrent(value: T): boolean;
}

/** How long (ms) a look at a file counts for all who ask: thousands of accounts may have one file. */
const ONE_LOOK = SECOND;

/**
 * Caches a value computed from a file until the file changes. The cache compares device, inode, size and times of
 * the file that the path leads to. Who asks while the file is being looked at gets the same answer.
 * @param make computes the value; when it rejects, nothing is cached and the next call computes again
 */
export function fileMemo<T>(path: string, make: () => Promise<T>, clock: Clock = systemClock): FileMemo<T> {
  let known: { readonly mark: string; readonly made: T } | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let underWay: Promise<T> | undefined;

  async function look(): Promise<T> {
    const mark = await stat(path, { bigint: true }).then(changeMark, () => undefined);
    if (known && known.mark === mark) {
      lookedAt = clock.now().monotonic;
      return known.made;
    }
    known = undefined;
    const made = await make();
    if (mark !== undefined) known = { mark, made };
    return made;
  }

  return {
    get() {
      underWay ??= look().finally(() => {
        underWay = undefined;
      });
      return underWay;
    },
    isCurrent(value) {
      if (known?.made !== value) return false;
      const { monotonic } = clock.now();
      if (monotonic - lookedAt < ONE_LOOK) return true;
      const found = glanceAt(path, true);
      if (!found || changeMark(found) !== known.mark) return false;
      lookedAt = monotonic;
      return true;
    },
  };
}
