import { readFile } from 'node:fs/promises';
import type { Context } from './context.ts';
import type { KeyPath } from './key-path.ts';

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

/** The numeric id of a group that is said there; undefined where none is, and where it is unknown, which is told. */
export async function resolveGroup(
  group: string | undefined,
  at: KeyPath,
  context: Context,
): Promise<number | undefined> {
  if (group === undefined) return undefined;
  const gid = await context.groupId(group);
  if (gid === undefined) {
    context.complain(at, `this system knows no group called ${JSON.stringify(group)}: use its number`);
  }
  return gid;
}
