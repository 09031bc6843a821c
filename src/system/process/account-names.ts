import { readFile } from 'node:fs/promises';

/** Names for people: `www-data (33)`, or the number alone where this system knows no name. */
export interface AccountNames {
  user(uid: number): string;
  group(gid: number): string;
}

export async function readAccountNames(): Promise<AccountNames> {
  const [users, groups] = await Promise.all([readTable('/etc/passwd'), readTable('/etc/group')]);
  return { user: (uid) => named(users, uid), group: (gid) => named(groups, gid) };
}

async function readTable(path: string): Promise<ReadonlyMap<number, string>> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const entries = text.split('\n').map((line) => line.split(':'));
  const table = new Map<number, string>();
  for (const [name = '', , id = ''] of entries) {
    // The first of several names counts, as it does for the system.
    if (/^\d+$/.test(id) && !table.has(Number(id))) table.set(Number(id), name);
  }
  return table;
}

function named(table: ReadonlyMap<number, string>, id: number): string {
  const name = table.get(id);
  return name === undefined ? String(id) : `${name} (${id})`;
}
