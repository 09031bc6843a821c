import { readFile } from 'node:fs/promises';

/** The numeric id of a group, by name or number; undefined when this system does not know the name. */
export async function groupId(group: string): Promise<number | undefined> {
  if (/^\d{1,10}$/.test(group)) return Number(group);
  const table = await readFile('/etc/group', 'utf8').catch(() => '');
  const entry = table.split('\n').find((line) => line.startsWith(`${group}:`));
  const gid = Number(entry?.split(':')[2] ?? Number.NaN);
  return Number.isInteger(gid) ? gid : undefined;
}
