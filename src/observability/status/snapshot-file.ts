import { readdir, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '../../codec/encoding.ts';
import { type Instant, MINUTE, SECOND } from '../../core/time.ts';
import { readRegularFile } from '../../system/fs/read-regular-file.ts';
import { checkWriter } from '../../system/fs/trusted-writer.ts';
import { hasEnded } from '../../system/process/process-identity.ts';
import { decodeSnapshot, type Snapshot } from './snapshot.ts';

/** What tells daemons of one state folder apart: which credentials each publishes, and where. */
export interface Served {
  readonly name: string;
  readonly type: string;
  readonly publish: readonly object[];
}

/** Where all snapshots of a state folder lie. */
export function snapshotFolder(stateDir: string): string {
  return join(stateDir, 'status');
}

/**
 * Where the daemon of this host writes its snapshot. Daemons that share a state folder share the records, but each may
 * publish into other files, or into files of the same path on another machine: so each host and each set of credentials
 * and targets has a snapshot of its own.
 */
export function snapshotPath(stateDir: string, served: readonly Served[]): string {
  const host = hostname().replace(/[^\w.-]/g, '_');
  return join(snapshotFolder(stateDir), `${host}${endingOf(served)}`);
}

function endingOf(served: readonly Served[]): string {
  const identity = served.map(({ name, type, publish }) => ({ name, type, publish }));
  return `-${sha256(JSON.stringify(identity)).slice(0, 12)}.json`;
}

/** How snapshots are called, to know them from whatever else may lie in the folder. */
export const SNAPSHOT_NAME = /^[\w.-]*-[0-9a-f]{12}\.json$/;

/**
 * Finds the snapshot of the daemon that serves these credentials: that of this host; outside of the daemon's container,
 * which has a host name of its own, the newest one.
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

/** Bytes: tens of thousands of credentials take less. */
const LARGEST = 64 * 1024 * 1024;

/**
 * @param gid the group that shares the state folder, where one does
 * @throws {Error} saying why it cannot be used; with a `code` where the file system said so
 */
export async function readSnapshot(path: string, gid: number | undefined): Promise<Snapshot> {
  const { text, stat: found } = await readRegularFile(path, LARGEST);
  await checkWriter(path, found, gid);
  return decodeSnapshot(text);
}

/**
 * What has become of the daemon that wrote a snapshot. `silent`: nobody can tell whether its process runs, and it has
 * written nothing for longer than a daemon takes that looks at the clock.
 */
export type Fate = 'running' | 'stopped' | 'ended' | 'silent';

/** As long as `/livez` waits for a daemon to look at the clock: with each look that is due the snapshot is renewed. */
const SILENCE = 90 * SECOND;

/** A daemon writes at least so often, in ms, even when nothing changes. With the longest gap between two ticks it is less than {@link SILENCE}. */
export const RENEWAL = MINUTE - 10 * SECOND;

export function fateOf({ at, process, stopped }: Snapshot, now: Instant): Fate {
  if (stopped) return 'stopped';
  if (hasEnded(process)) return 'ended';
  // One from the future was written before the clock was set back: how old it is nobody knows.
  return Math.abs(now.wall - at * SECOND) > SILENCE ? 'silent' : 'running';
}
