import { readFile } from '../fs/files.ts';
import { type Mount, readMounts } from '../fs/mounts.ts';
import { type AccountNames, readAccountNames } from './account-names.ts';

/** What file checks need to know about the host and this process: mounts, account names, and the ids of the process. */
export interface HostContext {
  readonly mounts: readonly Mount[];
  readonly names: AccountNames;
  readonly uid: number;
  readonly gid: number;
  /** All groups of this process, including its primary one. */
  readonly groups: readonly number[];
  /** Whether the user namespace of this process knows the group of that id; without it no file can be given to it. */
  readonly isMapped: (gid: number) => boolean;
}

/**
 * Reads the mounts, account names and ids that this process sees. Ids are 0 where the system has none. Never
 * rejects.
 */
export async function readHostContext(): Promise<HostContext> {
  const [mounts, names, map] = await Promise.all([
    readMounts(),
    readAccountNames(),
    readFile('/proc/self/gid_map', 'utf8').catch(() => undefined),
  ]);
  const gid = process.getegid?.() ?? 0;
  return {
    mounts,
    names,
    uid: process.geteuid?.() ?? 0,
    gid,
    groups: [gid, ...(process.getgroups?.() ?? [])],
    isMapped: map === undefined ? () => true : mappedBy(map),
  };
}

/** Reads a `gid_map`, whose lines are: first id inside, first id outside, number of ids (user_namespaces(7)). */
export function mappedBy(map: string): (gid: number) => boolean {
  const ranges = map.split('\n').flatMap((line) => {
    const [first, , count] = line.trim().split(/\s+/).map(Number);
    return first === undefined || count === undefined ? [] : [{ first, count }];
  });
  return (gid) => ranges.some(({ first, count }) => gid >= first && gid < first + count);
}

/** Mode and owner of a file. */
export interface Owned {
  /** Permission bits; other bits are ignored. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Formats permission bits with four digits: `0640`. */
export function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}

/**
 * Describes who may do what with a file: `mode 0640: root (0) reads and writes, group app (1000) reads, others
 * nothing`.
 */
export function accessInWords({ mode, uid, gid }: Owned, names: AccountNames): string {
  const owner = `${names.user(uid)} ${rights(mode >> 6)}`;
  return `mode ${octal(mode)}: ${owner}, group ${names.group(gid)} ${rights(mode >> 3)}, others ${others(mode)}`;
}

function rights(bits: number): string {
  const may = [...(bits & 4 ? ['reads'] : []), ...(bits & 2 ? ['writes'] : [])];
  return may.length === 0 ? 'nothing' : may.join(' and ');
}

function others(mode: number): string {
  return rights(mode).replaceAll('reads', 'read').replaceAll('writes', 'write');
}
