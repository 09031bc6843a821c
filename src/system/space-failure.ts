import { statfs } from 'node:fs/promises';
import type { Failure } from '../core/failure.ts';
import { fileFailure } from './file-failure.ts';
import { nearestExisting } from './path-problem.ts';

/** Bytes: the least that a file takes on most volumes. */
const ONE_FILE = 4096;

/** Why there is no room in a folder for one more file; undefined where there is, or where nobody can tell. */
export async function spaceFailure(folder: string): Promise<Failure | undefined> {
  const space = await statfs(await nearestExisting(folder)).catch(() => undefined);
  // Some file systems count nothing: of all zeros none means anything.
  if (!space || space.blocks === 0) return undefined;
  const isRoot = process.geteuid?.() === 0;
  const bytes = (isRoot ? space.bfree : space.bavail) * space.bsize;
  const hasEntries = space.files === 0 || space.ffree > 0;
  if (bytes >= ONE_FILE && hasEntries) return undefined;
  return fileFailure('write into', folder, { code: 'ENOSPC' }).failure;
}
