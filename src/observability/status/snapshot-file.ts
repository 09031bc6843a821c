import { hostname } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '../../codec/encoding.ts';
import { type Instant, MINUTE, SECOND } from '../../core/time.ts';
import { readdir, stat } from '../../system/fs/files.ts';
import { readRegularFile } from '../../system/fs/read-regular-file.ts';
import { checkWriter } from '../../system/fs/trusted-writer.ts';
import { hasEnded, isSuspended } from '../../system/process/process-identity.ts';
import { decodeSnapshot, type Snapshot } from './snapshot.ts';

/** Distinguishes the daemons of one state folder: which accounts each daemon publishes, and where. */
export interface Served {
  readonly name: string;
  readonly type: string;
  readonly appId?: string;
  readonly platform?: { readonly id: string };
  /** What a mirror reads. */
  readonly from?: object;
  readonly publish: readonly object[];
}

/** Returns the folder that holds all snapshots of a state folder. */
export function snapshotFolder(stateDir: string): string {
  return join(stateDir, 'status');
}

/**
 * Returns the path at which the daemon of this host writes its snapshot. Daemons that share a state folder share the
 * records, but each daemon may publish into other files, or into files of the same path on another machine. So each
 * host and each set of credentials and targets has a snapshot of its own.
 */
export function snapshotPath(stateDir: string, served: readonly Served[]): string {
  const host = hostname().replace(/[^\w.-]/g, '_');
  return join(snapshotFolder(stateDir), `${host}${endingOf(served)}`);
}

function endingOf(served: readonly Served[]): string {
  // The order in which they are configured says nothing.
  const identity = served
    .map(({ name, type, appId, platform, from, publish }) =>
      JSON.stringify({ name, type, appId, platform: platform?.id, from, publish }),
    )
    .toSorted();
  return `-${sha256(JSON.stringify(identity)).slice(0, 12)}.json`;
}

/** Matches the names of snapshots, to distinguish them from other files in the folder. */
export const SNAPSHOT_NAME = /^[\w.-]*-[0-9a-f]{12}\.json$/;

/**
 * Finds the snapshot of the daemon that serves these credentials. It prefers the snapshot of this host. Outside of
 * the daemon's container, which has a host name of its own, it takes the newest snapshot.
 * @throws {NodeJS.ErrnoException} when the folder cannot be listed
 */
export async function findSnapshot(stateDir: string, served: readonly Served[]): Promise<string | undefined> {
  const [folder, ending] = [snapshotFolder(stateDir), endingOf(served)];
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
  const paths = names.filter((name) => name.endsWith(ending)).map((name) => join(folder, name));
  const ours = snapshotPath(stateDir, served);
  if (paths.includes(ours)) return ours;
  const written = await Promise.all(paths.map(async (path) => ({ path, at: await writtenAt(path) })));
  return written.toSorted((a, b) => b.at - a.at)[0]?.path;
}

async function writtenAt(path: string): Promise<number> {
  return await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}

/** Size limit of a snapshot in bytes: tens of thousands of credentials take less. */
const LARGEST = 64 * 1024 * 1024;

/**
 * Reads a snapshot.
 * @param gid the group that shares the state folder, if any
 * @throws {Error} why the snapshot cannot be used, with a `code` when the file system reported one
 */
export async function readSnapshot(path: string, gid: number | undefined): Promise<Snapshot> {
  const { text, stat: found } = await readRegularFile(path, LARGEST);
  await checkWriter(path, found, gid);
  return decodeSnapshot(text);
}

/**
 * What became of the daemon that wrote a snapshot. `suspended`: its process is there and does nothing until it is
 * continued. `silent`: its process is not known to have ended, but it has
 * written nothing for longer than a daemon that looks at the clock takes.
 */
export type Fate = 'running' | 'stopped' | 'ended' | 'suspended' | 'silent';

/**
 * Age (ms) of a snapshot from which on its daemon counts as silent. `/livez` waits as long for a daemon to look at
 * the clock, and the daemon renews its snapshot at each look when the renewal is due.
 */
const SILENCE = 90 * SECOND;

/**
 * A daemon writes its snapshot at least this often (ms), even when nothing changes. This interval plus the longest
 * gap between two ticks is less than {@link SILENCE}.
 */
export const RENEWAL = MINUTE - 10 * SECOND;

export function fateOf({ at, process, stopped }: Snapshot, now: Instant): Fate {
  if (stopped) return 'stopped';
  if (hasEnded(process)) return 'ended';
  if (isSuspended(process)) return 'suspended';
  // A snapshot from the future was written before the clock was set back, so its age is unknown.
  return Math.abs(now.wall - at * SECOND) > SILENCE ? 'silent' : 'running';
}
