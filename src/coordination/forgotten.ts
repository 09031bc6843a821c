import { lstat, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { DAY } from '../core/time.ts';

/** A record is written every two hours while anybody serves its account; nothing in it matters after a day. */
const FORGOTTEN = 7 * DAY;

/** The name of a record, or of what stands for its lock's holder. */
const OURS = /^[^/]+\.(stable-token|access-token|wecom|ticket)\..+\.json(\.owner)?$/;

/**
 * Removes the records of accounts that nobody has served for a week, so that a folder in which accounts come and go
 * stays small.
 * @param isServed whether a record is one of this daemon's
 * @param wall epoch ms
 */
export async function sweepForgotten(
  folder: string,
  isServed: (name: string) => boolean,
  wall: number,
): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!OURS.test(name) || isServed(name.replace(/\.owner$/, ''))) continue;
    const path = join(folder, name);
    const stat = await lstat(path).catch(() => undefined);
    if (!stat?.isFile() || wall - stat.mtimeMs < FORGOTTEN) continue;
    await unlink(path).catch(() => {});
  }
}
