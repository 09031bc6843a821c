import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { lock } from 'proper-lockfile';
import { EdgeError } from '../../core/failure.ts';
import type { Clock, Lease } from '../../core/ports.ts';
import { SECOND } from '../../core/time.ts';
import { fileFailure } from '../../system/fs/file-failure.ts';
import { self } from '../../system/process/process-identity.ts';
import { ownerFile, readOwner, removeStale, type Sighting, staleness } from './stale-lock.ts';

/** How often a holder shows life, by touching the lock. */
const UPDATE = 2 * SECOND;

/** Nonces of the locks that this process holds. */
const ours = new Set<string>();

/**
 * The lock `PATH.lock`, which one process holds at a time. It lowers the number of platform calls, nothing more: a
 * frozen holder can come back to find that it was taken over. What keeps it from harm then is written in the record,
 * and the nonce in `PATH.owner` tells it that it has lost.
 */
export interface FileLock {
  /**
   * @returns undefined while another process holds it
   * @throws {EdgeError} `lock-unusable` when this file system or folder does not allow locks
   */
  take(): Promise<Lease | undefined>;
}

/** @param mode of the file that names the holder */
export function fileLock(path: string, mode: number, clock: Clock): FileLock {
  let sighting: Sighting | undefined;

  async function take(): Promise<Lease | undefined> {
    const lease = await tryLock(path, mode);
    if (lease) {
      sighting = undefined;
      return lease;
    }
    const { stale, seen } = await staleness(path, sighting, (nonce) => ours.has(nonce), clock);
    sighting = seen;
    if (!stale || !seen || !(await removeStale(path, seen, clock))) return undefined;
    return tryLock(path, mode);
  }

  return {
    take: async () => {
      try {
        return await take();
      } catch (error) {
        const { failure } = fileFailure('lock', path, error);
        throw new EdgeError({ ...failure, code: 'lock-unusable', effect: 'unsent' }, { cause: error });
      }
    },
  };
}

async function tryLock(path: string, mode: number): Promise<Lease | undefined> {
  const nonce = randomUUID();
  let lost = false;
  let unlock: () => Promise<void>;
  try {
    unlock = await lock(path, {
      // The record need not exist yet.
      realpath: false,
      // The library would judge by the mtime and our own clock; `stale-lock.ts` does the judging.
      stale: Number.POSITIVE_INFINITY,
      update: UPDATE,
      fs: guardedBy(path, nonce),
      // Without a handler the library throws out of a timer.
      onCompromised: () => {
        lost = true;
      },
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOCKED') return undefined;
    throw error;
  }

  // Before the name is there to be read: one with our pid that is not ours counts as dead.
  ours.add(nonce);
  try {
    await fs.promises.writeFile(ownerFile(path), JSON.stringify({ nonce, ...self }), { mode });
    // The umask narrows what is created, and the others of a shared folder have to read it.
    if ((mode & 0o077) !== 0) await fs.promises.chmod(ownerFile(path), mode);
  } catch (error) {
    await unlock().finally(() => ours.delete(nonce));
    throw error;
  }
  return {
    held: async () => !lost && readOwner(path)?.nonce === nonce,
    release: async () => {
      await unlock().catch(() => {});
      ours.delete(nonce);
    },
  };
}

/**
 * The library removes the lock on release and when the process exits, without asking whose it is by then. Where nobody
 * is named it is removed all the same: otherwise nobody could take it again. The name goes first: left behind it would
 * tell the next one but one that the next, who has not written its own yet, is dead.
 */
function guardedBy(path: string, nonce: string) {
  const mayRemove = () => (readOwner(path)?.nonce ?? nonce) === nonce;
  return Object.assign(Object.create(fs) as typeof fs, {
    rmdir: (folder: string, done: fs.NoParamCallback) => {
      if (mayRemove()) fs.unlink(ownerFile(path), () => fs.rmdir(folder, done));
      else done(null);
    },
    rmdirSync: (folder: string) => {
      if (!mayRemove()) return;
      fs.rmSync(ownerFile(path), { force: true });
      fs.rmdirSync(folder);
    },
  });
}
