import { readFile } from '../fs/files.ts';

/** Names of users and groups for messages: `www-data (33)`, or the bare number when the system knows no name. */
export interface AccountNames {
  user(uid: number): string;
  group(gid: number): string;
}

/** Reads the system's users and groups; a file that cannot be read counts as empty. */
export async function readAccountNames(): Promise<AccountNames> {
  const [users, groups] = await Promise.all([readTable('/etc/passwd'), readTable('/etc/group')]);
  return { user: (uid) => named(users, uid), group: (gid) => named(groups, gid) };
}

async function readTable(path: string): Promise<ReadonlyMap<number, string>> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const entries = text.split('\n').map((line) => line.split(':'));
  const table = new Map<number, string>();
  for (const [name = '', , id = ''] of entries) {
    // As in the system itself, the first of several names counts.
    if (/^\d+$/.test(id) && !table.has(Number(id))) table.set(Number(id), name);
  }
  return table;
}

function named(table: ReadonlyMap<number, string>, id: number): string {
  const name = table.get(id);
  return name === undefined ? String(id) : `${name} (${id})`;
}
