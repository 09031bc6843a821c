import { randomUUID } from 'node:crypto';
import fs, { type NoParamCallback, type Stats } from 'node:fs';
import { lock } from 'proper-lockfile';
import { EdgeError } from '../../core/failure.ts';
import type { Clock, Lease } from '../../core/ports.ts';
import { SECOND } from '../../core/time.ts';
import { fileFailure } from '../../system/fs/file-failure.ts';
import { chmod, lutimes, mkdir, open, rmdir, stat, unlink, volumes } from '../../system/fs/files.ts';
import { self } from '../../system/process/process-identity.ts';
import {
  checkStale,
  type LockObservation,
  ownerFile,
  readOwner,
  readOwnerAtOnce,
  readOwnerText,
  removeStale,
} from './stale-lock.ts';

/** How often a holder touches the lock to show that it is alive, ms. */
const UPDATE = 2 * SECOND;

/** Nonces of the locks that this process holds. */
const ours = new Set<string>();

/** What came of one try to take a lock. */
export interface LockTry {
  /** Undefined while another process holds the lock. */
  readonly lease: Lease | undefined;
  /** What was seen of another holder, for the next try; undefined where there was none. */
  readonly seen: LockObservation | undefined;
}

/**
 * Tries once to take the lock `PATH.lock`, which one process holds at a time. It only lowers the number of platform calls:
 * a frozen holder may wake up after another process has taken the lock over. The record then keeps it from harm, and the
 * nonce in `PATH.owner` tells it that it has lost the lock.
 * @param mode permission bits of `PATH.owner`, the file that names the holder
 * @param before what the last try of the caller saw: only who comes again can tell that a holder elsewhere is gone
 * @throws {EdgeError} `lock-unusable` when this file system or folder does not allow locks
 */
export async function takeLock(
  path: string,
  mode: number,
  clock: Clock,
  before: LockObservation | undefined,
): Promise<LockTry> {
  try {
    const lease = await tryLock(path, mode);
    if (lease) return { lease, seen: undefined };
    const { stale, seen } = await checkStale(path, before, (nonce) => ours.has(nonce), clock);
    if (!stale || !seen || !(await removeStale(path, seen, clock))) return { lease: undefined, seen };
    return { lease: await tryLock(path, mode), seen };
  } catch (error) {
    const { failure } = fileFailure('lock', path, error);
    throw new EdgeError({ ...failure, code: 'lock-unusable', effect: 'unsent' }, { cause: error });
  }
}

async function tryLock(path: string, mode: number): Promise<Lease | undefined> {
  const nonce = randomUUID();
  let lost = false;
  let unlock: () => Promise<void>;
  try {
    unlock = await lock(path, {
      // The record need not exist yet.
      realpath: false,
      // The library would compare the lock's mtime with our own clock; `stale-lock.ts` decides instead.
      stale: Number.POSITIVE_INFINITY,
      update: UPDATE,
      fs: guardedBy(path, nonce),
      // Without this handler the library throws from a timer.
      onCompromised: () => {
        lost = true;
      },
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOCKED') return undefined;
    throw error;
  }

  // Registered before the owner file can be read: a holder with our pid whose nonce is not registered counts as dead.
  ours.add(nonce);
  const owner = JSON.stringify({ nonce, ...self });
  try {
    await writeOwner(path, owner, mode);
    // The umask narrows the mode of a new file, and the other users of a shared folder have to read it.
    if ((mode & 0o077) !== 0) await chmod(ownerFile(path), mode);
  } catch (error) {
    await unlock().finally(() => ours.delete(nonce));
    throw error;
  }
  return {
    held: async () => !lost && (await readOwnerText(path)) === owner,
    release: async () => {
      await unlock().catch(() => {});
      ours.delete(nonce);
    },
  };
}

/**
 * An `fs` for the library that removes the lock only if this process still holds it: the library removes the lock on
 * release and at process exit without checking. Without an owner file the lock is removed as well; otherwise no
 * process could ever take it again. The owner file is removed first: a stale one would make a later contender think
 * that the next holder, which has not written its own yet, is dead.
 */
function guardedBy(path: string, nonce: string) {
  async function remove(folder: string): Promise<void> {
    if (((await readOwner(path))?.nonce ?? nonce) !== nonce) return;
    await unlink(ownerFile(path)).catch(() => {});
    await rmdir(folder);
  }
  return Object.assign(Object.create(fs) as typeof fs, {
    mkdir: (folder: string, done: NoParamCallback) => void mkdir(folder).then(() => done(null), done),
    stat: (file: string, done: (error: NodeJS.ErrnoException | null, found?: Stats) => void) =>
      void stat(file).then((found) => done(null, found), done),
    utimes: (file: string, atime: Date, mtime: Date, done: NoParamCallback) =>
      void lutimes(file, atime, mtime).then(() => done(null), done),
    rmdir: (folder: string, done: NoParamCallback) => void remove(folder).then(() => done(null), done),
    rmdirSync: (folder: string) => {
      // The process would never end. Others take the lock over from one that has ended.
      if (!volumes.answers(path) || (readOwnerAtOnce(path)?.nonce ?? nonce) !== nonce) return;
      fs.rmSync(ownerFile(path), { force: true });
      fs.rmdirSync(folder);
    },
  });
}

async function writeOwner(path: string, text: string, mode: number): Promise<void> {
  const { O_CREAT, O_TRUNC, O_WRONLY } = fs.constants;
  const file = await open(ownerFile(path), O_CREAT | O_TRUNC | O_WRONLY, mode);
  try {
    await file.writeFile(text);
  } finally {
    await file.close();
  }
}
