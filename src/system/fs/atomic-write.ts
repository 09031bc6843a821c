import { randomBytes } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { constants, type FileHandle, lstat, open, readdir, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { MINUTE } from '../../core/time.ts';
import { hasEnded, self } from '../process/process-identity.ts';
import { systemClock } from '../time/clock.ts';

export interface Attributes {
  /** Permission bits, exactly: the umask does not narrow them. */
  readonly mode: number;
  /** Numeric group; the process's own when absent. */
  readonly gid?: number;
}

const TEMPORARY = /^\.wx-token-sidecar-([0-9a-f]{12})-(\d+)-[0-9a-f]{32}\.tmp$/;

/** A temporary of someone we cannot ask is theirs for this long, in ms: a write takes far less. */
const FOREIGN_GRACE = 60_000;

const underWay = new Set<string>();

/**
 * Replaces a file in one step: whoever opens the path finds the old content or the new, whole, with the right mode
 * and group from the first instant, also after a crash or a power loss at any point. A symbolic link at the path is
 * replaced, not followed.
 * @param isWanted asked at the last moment before the file would change; it may look at the one that would take its place
 * @returns whether it was wanted
 * @throws {NodeJS.ErrnoException} what the file system said; the file is as it was and nothing is left behind
 */
export async function writeAtomically(
  path: string,
  content: string,
  attributes: Attributes,
  isWanted: (look: () => Promise<BigIntStats>) => Promise<boolean> = async () => true,
): Promise<boolean> {
  const folder = dirname(path);
  // In the same folder, or the rename would not be atomic and a setgid folder would not give its group; with an
  // unguessable name, or a planted link could redirect the write and a left-over could block it for ever.
  const temporary = join(
    folder,
    `.wx-token-sidecar-${self.namespace}-${self.pid}-${randomBytes(16).toString('hex')}.tmp`,
  );
  // Opened first: a folder that cannot be synced is to be known before anything has changed.
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  underWay.add(basename(temporary));
  try {
    await writeDurably(temporary, content, attributes);
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
    await handle.close();
  }
}

async function writeDurably(path: string, content: string, { mode, gid }: Attributes): Promise<void> {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  const file = await open(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o600);
  try {
    await file.writeFile(content);
    // The group first: changing it clears bits that the mode may carry.
    if (gid !== undefined) await file.chown(process.geteuid?.() ?? -1, gid);
    await file.chmod(mode);
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
 * Whether a failed fsync of a folder only says that its file system has no such thing, as some network file systems do
 * not: fsync(2) names EINVAL for it, FUSE answers ENOSYS, others ENOTSUP. The rename has happened all the same.
 */
export function cannotSyncFolders(error: unknown): boolean {
  return ['EINVAL', 'ENOTSUP', 'ENOSYS'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** Folders that will be looked into again. */
const expected = new Set<string>();

/**
 * Removes the temporary files that a killed daemon left in a folder: they hold secrets. Never another's live one: what
 * may be that is looked at again after the grace, since a container that starts anew cannot ask after itself.
 * @returns how many were removed
 */
export async function sweepLeftovers(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  let swept = 0;
  for (const name of names) {
    const path = join(folder, name);
    const verdict = await judge(name, path);
    if (verdict === 'perhaps') sweepLater(folder);
    if (verdict !== 'leftover') continue;
    swept += await unlink(path).then(
      () => 1,
      () => 0,
    );
  }
  return swept;
}

function sweepLater(folder: string): void {
  if (expected.has(folder)) return;
  expected.add(folder);
  setTimeout(() => {
    expected.delete(folder);
    void sweepLeftovers(folder);
  }, FOREIGN_GRACE).unref();
}

async function judge(name: string, path: string): Promise<'leftover' | 'perhaps' | 'other'> {
  const [, namespace, pid] = TEMPORARY.exec(name) ?? [];
  if (!namespace || underWay.has(name)) return 'other';
  const ended = hasEnded({ namespace, pid: Number(pid) });
  if (ended !== undefined) return ended ? 'leftover' : 'other';
  const stat = await lstat(path).catch(() => undefined);
  if (!stat) return 'other';
  return systemClock.now().wall - stat.mtimeMs > FOREIGN_GRACE ? 'leftover' : 'perhaps';
}

/** Between two sweeps of one folder, ms: what is swept are the remains of crashes. */
const PERIOD = MINUTE;

/** When each folder was swept last, monotonic ms. */
const swept = new Map<string, number>();

/** {@link sweepLeftovers}, once a minute: thousands of files may be published into one folder. */
export async function sweepNowAndThen(folder: string): Promise<void> {
  const now = systemClock.now().monotonic;
  if (now - (swept.get(folder) ?? Number.NEGATIVE_INFINITY) < PERIOD) return;
  swept.set(folder, now);
  await sweepLeftovers(folder);
}
