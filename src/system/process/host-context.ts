import { en, joined, type Text, zh } from '../../core/text.ts';
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
export function accessInWords({ mode, uid, gid }: Owned, names: AccountNames): Text {
  const [user, group] = [names.user(uid), names.group(gid)];
  const [owner, members] = [rights(mode >> 6), rights(mode >> 3)];
  return {
    en: en`mode ${octal(mode)}: ${user} ${owner}, group ${group} ${members}, others ${others(mode)}`,
    zh: zh`权限 ${octal(mode)}：${user} ${owner}，组 ${group} ${members}，其他人${others(mode)}`,
  };
}

function rights(bits: number): Text {
  const may: Text[] = [
    ...(bits & 4 ? [{ en: 'reads', zh: '可读' }] : []),
    ...(bits & 2 ? [{ en: 'writes', zh: '可写' }] : []),
  ];
  return may.length === 0 ? { en: 'nothing', zh: '无权限' } : joined(may, { en: ' and ', zh: '' });
}

function others(mode: number): Text {
  const { en: words, zh: translated } = rights(mode);
  return { en: words.replaceAll('reads', 'read').replaceAll('writes', 'write'), zh: translated };
}
