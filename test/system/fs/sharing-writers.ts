import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';

/**
 * A program: FOLDER COUNT. Writes so many files into a folder at once, on a disk, and says how often files and the folder were
 * synced, and how many writes were over before a sync of the folder that had begun after their rename.
 */
const [folder = '', count = ''] = process.argv.slice(2);

/** What a sync takes on top, ms, so that others come meanwhile. */
const SLOW = 5;

let step = 0;
const renamedAt = new Map<string, number>();
const synced = { files: 0, folders: 0 };
/** When the last sync of the folder of those that are over began. */
let coveredUntil = -1;

const { rename, fsync } = fs;
fs.rename = ((from: string, to: string, done: fs.NoParamCallback) =>
  rename(from, to, (error) => {
    renamedAt.set(to, step++);
    done(error);
  })) as typeof fs.rename;
fs.fsync = ((fd: number, done: fs.NoParamCallback) => {
  const isFolder = fs.fstatSync(fd).isDirectory();
  synced[isFolder ? 'folders' : 'files'] += 1;
  const begun = step++;
  fsync(fd, (error) => {
    setTimeout(() => {
      if (isFolder) coveredUntil = Math.max(coveredUntil, begun);
      done(error);
    }, SLOW);
  });
}) as typeof fs.fsync;
syncBuiltinESMExports();

// It keeps the calls that it finds.
const { writeAtomically } = await import('../../../src/system/fs/atomic-write.ts');
let uncovered = 0;
await Promise.all(
  Array.from({ length: Number(count) }, async (_, index) => {
    const path = join(folder, `file-${index}`);
    await writeAtomically(path, 'content', { mode: 0o640 });
    if ((renamedAt.get(path) ?? Number.POSITIVE_INFINITY) > coveredUntil) uncovered += 1;
  }),
);
process.stdout.write(JSON.stringify({ ...synced, uncovered }));
