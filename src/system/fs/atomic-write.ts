import { randomBytes } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { MINUTE } from '../../core/time.ts';
import { hasEnded, self } from '../process/process-identity.ts';
import { systemClock } from '../time/clock.ts';
import { constants, type FileHandle, lstat, open, readdir, rename, unlink } from './files.ts';

/** Permissions of a written file. */
export interface Attributes {
  /** Exact permission bits: the umask does not narrow them. */
  readonly mode: number;
  /** Numeric group id; absent: the group that the file system assigns to a new file. */
  readonly gid?: number;
  /** `false`: a file system that refuses to set mode or group is no obstacle. */
  readonly isRequired?: boolean;
}

const TEMPORARY = /^\.wx-token-sidecar-([0-9a-f]{12})-(\d+)-[0-9a-f]{32}\.tmp$/;

/**
 * How long (ms) a temporary file is left alone when its owner's process cannot be checked; a write takes far less.
 */
const FOREIGN_GRACE = 60_000;

const underWay = new Set<string>();

/**
 * Replaces a file in one step. A reader that opens the path finds either the old or the new content, complete and
 * with the right mode and group from the first instant, even after a crash or a power loss at any point. A symbolic
 * link at the path is replaced, not followed.
 * @param content a text, or the pieces of a long one, encoded, of which each is written before the next one is asked for
 * @param isWanted called at the last moment before the file would change; its argument returns the `lstat` of the
 *   file that would take its place. With `false` nothing is replaced
 * @returns whether the file was replaced
 * @throws {NodeJS.ErrnoException} the file system's error; the old file is unchanged and no temporary file is left
 */
export async function writeAtomically(
  path: string,
  content: string | AsyncIterable<Uint8Array>,
  attributes: Attributes,
  isWanted: (look: () => Promise<BigIntStats>) => Promise<boolean> = async () => true,
): Promise<boolean> {
  const folder = dirname(path);
  // The temporary file lies in the same folder: otherwise the rename would not be atomic, and a setgid folder would
  // not pass on its group. Its name is unguessable: otherwise a planted link could redirect the write, and a
  // left-over file could block it for ever.
  const temporary = join(
    folder,
    `.wx-token-sidecar-${self.namespace}-${self.pid}-${randomBytes(16).toString('hex')}.tmp`,
  );
  underWay.add(basename(temporary));
  // Begin with the folder as well, so that one that cannot be opened for syncing fails before anything has changed.
  const opening = open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  opening.catch(() => {});
  try {
    const file = await create(temporary, attributes).catch(async (error: unknown) => {
      await opening;
      throw error;
    });
    const handle = await opening.catch(async (error: unknown) => {
      await file.close();
      throw error;
    });
    await writeDurably(file, content, attributes);
    const wanted = await isWanted(() => lstat(temporary, { bigint: true }));
    if (wanted) await rename(temporary, path);
    else await unlink(temporary);
    await syncFolder(handle);
    return wanted;
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  } finally {
    underWay.delete(basename(temporary));
    await opening.then(
      (handle) => handle.close(),
      () => {},
    );
  }
}

/** What file systems answer that know no modes and owners, or do not let this user set them. */
const REFUSED: ReadonlySet<unknown> = new Set(['EPERM', 'EINVAL', 'ENOTSUP', 'ENOSYS']);

/** For nobody else until it has its group; without one of its own it most often has its mode at once. */
function create(path: string, { mode, gid }: Attributes): Promise<FileHandle> {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  return open(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, gid === undefined ? mode : 0o600);
}

/** Writes and closes the file. */
async function writeDurably(
  file: FileHandle,
  content: string | AsyncIterable<Uint8Array>,
  { mode, gid, isRequired = true }: Attributes,
): Promise<void> {
  try {
    if (typeof content === 'string') await file.writeFile(content);
    else for await (const piece of content) await file.writeFile(piece);
    // Set the group before the mode: a change of group clears bits that the mode may contain.
    try {
      if (gid !== undefined) await file.chown(process.geteuid?.() ?? -1, gid);
      if (((await file.stat()).mode & 0o7777) !== mode) await file.chmod(mode);
    } catch (error) {
      if (isRequired || !REFUSED.has((error as NodeJS.ErrnoException).code)) throw error;
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(folder: FileHandle): Promise<void> {
  try {
    await folder.sync();
  } catch (error) {
    if (!cannotSyncFolders(error)) throw error;
  }
}

/**
 * Whether a failed fsync of a folder means only that its file system does not support it, as on some network file
 * systems: fsync(2) names EINVAL, FUSE answers ENOSYS, others ENOTSUP. The rename has taken effect nevertheless.
 */
export function cannotSyncFolders(error: unknown): boolean {
  return ['EINVAL', 'ENOTSUP', 'ENOSYS'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** Folders for which a later sweep is already scheduled. */
const scheduled = new Set<string>();

/**
 * Removes the temporary files that a killed daemon left in a folder, because they contain secrets. It never removes
 * the file of a live process. A file that may belong to one is checked again after {@link FOREIGN_GRACE}, because a
 * restarted container cannot tell whether its previous incarnation still runs.
 * @param listed the names in the folder, where they are known
 * @returns how many files were removed; never rejects
 */
export async function sweepLeftovers(folder: string, listed?: readonly string[]): Promise<number> {
  const names = listed ?? (await readdir(folder).catch(() => []));
  let removed = 0;
  for (const name of names) {
    const path = join(folder, name);
    const verdict = await classify(name, path);
    if (verdict === 'perhaps') sweepLater(folder);
    if (verdict !== 'leftover') continue;
    removed += await unlink(path).then(
      () => 1,
      () => 0,
    );
  }
  return removed;
}

function sweepLater(folder: string): void {
  if (scheduled.has(folder)) return;
  scheduled.add(folder);
  setTimeout(() => {
    scheduled.delete(folder);
    void sweepLeftovers(folder);
  }, FOREIGN_GRACE).unref();
}

async function classify(name: string, path: string): Promise<'leftover' | 'perhaps' | 'other'> {
  const [, namespace, pid] = TEMPORARY.exec(name) ?? [];
  if (!namespace || underWay.has(name)) return 'other';
  const ended = hasEnded({ namespace, pid: Number(pid) });
  if (ended !== undefined) return ended ? 'leftover' : 'other';
  const stat = await lstat(path).catch(() => undefined);
  if (!stat) return 'other';
  return systemClock.now().wall - stat.mtimeMs > FOREIGN_GRACE ? 'leftover' : 'perhaps';
}

/** Minimum time (ms) between two sweeps of one folder: only crashes leave anything to sweep. */
const SWEEP_INTERVAL = MINUTE;

/** Monotonic time (ms) of the last sweep of each folder. */
const lastSweep = new Map<string, number>();

/**
 * Runs {@link sweepLeftovers} at most once a minute per folder, because thousands of files may be published into
 * one folder.
 */
export async function sweepNowAndThen(folder: string): Promise<void> {
  const now = systemClock.now().monotonic;
  if (now - (lastSweep.get(folder) ?? Number.NEGATIVE_INFINITY) < SWEEP_INTERVAL) return;
  lastSweep.set(folder, now);
  await sweepLeftovers(folder);
}
