import { readFile } from 'node:fs/promises';

/** The largest group id; one more is -1, which tells the kernel to leave the group as it is. */
const LARGEST = 2 ** 32 - 2;

/** The numeric id of a group, by name or number; undefined when there is none or this system does not know the name. */
export async function groupId(group: string): Promise<number | undefined> {
  if (/^\d+$/.test(group)) return Number(group) <= LARGEST ? Number(group) : undefined;
  const table = await readFile('/etc/group', 'utf8').catch(() => '');
  const entries = table.split('\n').map((line) => line.split(':'));
  const [, , gid = ''] = entries.find(([name]) => name === group) ?? [];
  return /^\d+$/.test(gid) ? Number(gid) : undefined;
}
