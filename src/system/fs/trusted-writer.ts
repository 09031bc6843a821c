import type { BigIntStats } from 'node:fs';
import { dirname } from 'node:path';
import { stat } from './files.ts';

/**
 * Makes sure of who wrote a file of the state folder: this user, root, whoever owns the folder, or a member of the
 * group that shares it.
 * @param gid the group that shares the folder, where one does
 * @throws {Error} when it was anybody else
 */
export async function checkWriter(path: string, found: BigIntStats, gid: number | undefined): Promise<void> {
  const uid = Number(found.uid);
  if (uid === process.geteuid?.() || uid === 0 || Number(found.gid) === gid) return;
  if (uid !== (await stat(dirname(path))).uid) throw new Error(`written by another user (uid ${uid})`);
}
