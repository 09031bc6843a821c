import { closeSync, constants, openSync, readSync } from 'node:fs';
import { mkdir, rmdir, stat, unlink } from 'node:fs/promises';
import * as v from 'valibot';
import type { Clock } from '../../core/ports.ts';
import { SECOND } from '../../core/time.ts';
import { hasEnded } from '../../system/process/process-identity.ts';

const Owner = v.object({ nonce: v.string(), namespace: v.string(), pid: v.number() });

/** Far more than a name, in bytes. */
const LARGEST_OWNER = 1024;

/** A lock as it was seen: a live holder touches it every two seconds. */
export interface Sighting {
  readonly mark: string;
  /** Monotonic ms at which it was first seen so. */
  readonly since: number;
}

/** A holder whose lock has not moved for so long is taken over, in ms. */
const STALE = 10 * SECOND;

export function ownerFile(path: string): string {
  return `${path}.owner`;
}

/** Synchronous, since it is also asked while the process exits: a few bytes, and only around platform calls. */
export function readOwner(path: string): v.InferOutput<typeof Owner> | undefined {
  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
  let file: number | undefined;
  try {
    file = openSync(ownerFile(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const bytes = Buffer.alloc(LARGEST_OWNER);
    const text = bytes.toString('utf8', 0, readSync(file, bytes));
    const { success, output } = v.safeParse(Owner, JSON.parse(text));
    return success ? output : undefined;
  } catch {
    return undefined;
  } finally {
    close(file);
  }
}

/** What was read is not worse for a file that cannot be closed, as a network file system may say. */
function close(file: number | undefined): void {
  try {
    if (file !== undefined) closeSync(file);
  } catch {}
}

/**
 * Whether the holder of a lock is gone. One of our own host and container that has died is known by its pid. Of any
 * other, and of one that hangs, we only know whether the lock still moves, by our own monotonic clock: its mtime was
 * written by another clock, and may lie in the past of a live holder or in the future of a dead one.
 *
 * @param isOurs whether this process holds the lock of that nonce
 */
export async function staleness(
  path: string,
  before: Sighting | undefined,
  isOurs: (nonce: string) => boolean,
  clock: Clock,
): Promise<{ readonly stale: boolean; readonly seen: Sighting | undefined }> {
  const mark = await markOf(path);
  if (mark === undefined) return { stale: false, seen: undefined };
  const now = clock.now().monotonic;
  const seen = before?.mark === mark ? before : { mark, since: now };
  const owner = readOwner(path);
  const ended = owner !== undefined && !isOurs(owner.nonce) && hasEnded(owner) === true;
  return { stale: ended || now - seen.since >= STALE, seen };
}

/**
 * Removes a stale lock, unless it has moved since it was judged.
 * @returns whether it was removed, so that it can be taken
 */
export async function removeStale(path: string, { mark }: Sighting, clock: Clock): Promise<boolean> {
  // One at a time: the second of two who judged the same lock would remove the lock that the first has just taken.
  const turnstile = `${path}.takeover`;
  try {
    await mkdir(turnstile);
  } catch {
    await removeForgotten(turnstile, clock);
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

/** Turnstiles that were found closed, by path. */
const closed = new Map<string, Sighting>();

/**
 * Takers pass within milliseconds; one that was killed in between must not close the way for good. One that is merely
 * slow keeps it: nobody is to remove the lock that it has just taken.
 */
async function removeForgotten(turnstile: string, clock: Clock): Promise<void> {
  const found = await stat(turnstile, { bigint: true }).catch(() => undefined);
  // Inodes are used again at once; the time at which one came to be is not.
  const mark = found && `${found.ino}:${found.ctimeNs}`;
  const before = closed.get(turnstile);
  const now = clock.now().monotonic;
  if (mark === undefined) closed.delete(turnstile);
  else if (before?.mark !== mark) closed.set(turnstile, { mark, since: now });
  else if (now - before.since >= STALE) await rmdir(turnstile).catch(() => {});
}
