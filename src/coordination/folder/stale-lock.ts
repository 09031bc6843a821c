import { closeSync, constants, openSync, readSync } from 'node:fs';
import * as v from 'valibot';
import type { Clock } from '../../core/ports.ts';
import { SECOND } from '../../core/time.ts';
import { mkdir, rmdir, stat, unlink, volumes } from '../../system/fs/files.ts';
import { readRegularFile } from '../../system/fs/read-regular-file.ts';
import { hasEnded } from '../../system/process/process-identity.ts';

const Owner = v.object({ nonce: v.string(), namespace: v.string(), pid: v.number() });

type Owner = v.InferOutput<typeof Owner>;

/** Bytes; far more than an owner file has. */
const LARGEST_OWNER = 1024;

/** The state of a lock when it was observed. A live holder touches its lock every two seconds. */
export interface LockObservation {
  /** Inode and a time of change: differs once the lock was touched or made anew. */
  readonly mark: string;
  /** Monotonic ms at which the lock was first observed in this state. */
  readonly since: number;
}

/** A lock that was not touched for this long is stale and may be taken over, ms. */
const STALE = 10 * SECOND;

/** The file beside the lock of `path` that names the holder. */
export function ownerFile(path: string): string {
  return `${path}.owner`;
}

/**
 * Reads who holds the lock of `path`. On a disk of this machine it does so at once, since a few bytes several times for
 * each platform call would cost more in Node's threads than all the rest.
 * @returns undefined when there is no owner file, or none that can be read
 */
export async function readOwner(path: string): Promise<Owner | undefined> {
  return parseOwner(await readOwnerText(path));
}

/** The text of the owner file, for a holder that only asks whether it is still its own. */
export async function readOwnerText(path: string): Promise<string | undefined> {
  if (volumes.isNear(path)) return readTextAtOnce(path);
  try {
    return (await readRegularFile(ownerFile(path), LARGEST_OWNER)).text;
  } catch {
    return undefined;
  }
}

/** The same without a thread, also while the process exits. WARNING: a volume that hangs would stop the process. */
export function readOwnerAtOnce(path: string): Owner | undefined {
  return parseOwner(readTextAtOnce(path));
}

/** Owner files are read one after the other. */
const bytes = Buffer.alloc(LARGEST_OWNER);

function readTextAtOnce(path: string): string | undefined {
  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
  let file: number | undefined;
  try {
    file = openSync(ownerFile(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    return bytes.toString('utf8', 0, readSync(file, bytes));
  } catch {
    return undefined;
  } finally {
    close(file);
  }
}

function parseOwner(text: string | undefined): Owner | undefined {
  try {
    const { success, output } = v.safeParse(Owner, JSON.parse(text ?? ''));
    return success ? output : undefined;
  } catch {
    return undefined;
  }
}

/** Ignores errors, which a network file system may report: what was read before is valid all the same. */
function close(file: number | undefined): void {
  try {
    if (file !== undefined) closeSync(file);
  } catch {}
}

/**
 * Decides whether the holder of a lock is gone. A dead holder on our own host and in our own container is recognised by
 * its pid. For any other holder, and for one that hangs, the only evidence is whether the lock is still being touched,
 * measured with our own monotonic clock. Its mtime is no evidence: another clock wrote it, so it may lie in the past
 * although the holder is alive and in the future although the holder is dead.
 *
 * @param before the previous observation of this lock
 * @param isOurs whether this process holds the lock with that nonce
 * @returns `seen`: the current observation, undefined when there is no lock
 */
export async function checkStale(
  path: string,
  before: LockObservation | undefined,
  isOurs: (nonce: string) => boolean,
  clock: Clock,
): Promise<{ readonly stale: boolean; readonly seen: LockObservation | undefined }> {
  const mark = await markOf(path);
  if (mark === undefined) return { stale: false, seen: undefined };
  const now = clock.now().monotonic;
  const seen = before?.mark === mark ? before : { mark, since: now };
  const owner = await readOwner(path);
  const ended = owner !== undefined && !isOurs(owner.nonce) && hasEnded(owner) === true;
  return { stale: ended || now - seen.since >= STALE, seen };
}

/**
 * Removes a stale lock, unless it was touched since it was found stale.
 * @returns whether it was removed, so that it can be taken
 */
export async function removeStale(path: string, { mark }: LockObservation, clock: Clock): Promise<boolean> {
  // One process at a time: of two that found the same lock stale, the second would remove the lock that the first has
  // just taken.
  const turnstile = `${path}.takeover`;
  try {
    await mkdir(turnstile);
  } catch {
    await removeAbandonedTurnstile(turnstile, clock);
    return false;
  }
  try {
    if ((await markOf(path)) !== mark) return false;
    await unlink(ownerFile(path)).catch(() => {});
    await rmdir(`${path}.lock`);
    return true;
  } catch {
    return false;
  } finally {
    await rmdir(turnstile).catch(() => {});
  }
}

async function markOf(path: string): Promise<string | undefined> {
  const found = await stat(`${path}.lock`, { bigint: true }).catch(() => undefined);
  return found && `${found.ino}:${found.mtimeNs}`;
}

/** Turnstiles that other processes were found to hold, by path. */
const closed = new Map<string, LockObservation>();

/**
 * Removes a turnstile that a killed process left behind. A process holds it for milliseconds, but a kill in between
 * must not block all takeovers for good. A process that is merely slow keeps its turnstile: no other process may
 * remove the lock that it has just taken.
 */
async function removeAbandonedTurnstile(turnstile: string, clock: Clock): Promise<void> {
  const found = await stat(turnstile, { bigint: true }).catch(() => undefined);
  // Inode numbers are reused at once, so the time of change belongs to the mark.
  const mark = found && `${found.ino}:${found.ctimeNs}`;
  const before = closed.get(turnstile);
  const now = clock.now().monotonic;
  if (mark === undefined) closed.delete(turnstile);
  else if (before?.mark !== mark) closed.set(turnstile, { mark, since: now });
  else if (now - before.since >= STALE) await rmdir(turnstile).catch(() => {});
}
