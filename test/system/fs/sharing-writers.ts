import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { dirname, join } from 'node:path';

/**
 * A program: COUNT FOLDER…. Writes so many files into each of these folders at once, on a disk, and says how often files and folders
 * were synced, and how many writes were over before a sync of their folder that had begun after their rename. Then it puts another
 * folder in the place of the first, syncs both at once, and says how many were synced.
 */
const [count, ...folders] = process.argv.slice(2);

/** What a sync takes on top, ms, so that others come meanwhile. */
const SLOW = 5;

let step = 0;
const renamedAt = new Map<string, number>();
const synced = { files: 0, folders: 0 };
/** When the last sync of each folder of those that are over began, by inode. */
const coveredUntil = new Map<number, number>();

const { rename, fsync } = fs;
fs.rename = ((from: string, to: string, done: fs.NoParamCallback) =>
  rename(from, to, (error) => {
    renamedAt.set(to, step++);
    done(error);
  })) as typeof fs.rename;
fs.fsync = ((fd: number, done: fs.NoParamCallback) => {
  const found = fs.fstatSync(fd);
  const isFolder = found.isDirectory();
  synced[isFolder ? 'folders' : 'files'] += 1;
  const begun = step++;
  fsync(fd, (error) => {
    setTimeout(() => {
      if (isFolder) coveredUntil.set(found.ino, Math.max(coveredUntil.get(found.ino) ?? -1, begun));
      done(error);
    }, SLOW);
  });
}) as typeof fs.fsync;
syncBuiltinESMExports();

// They keep the calls that they find.
const { writeAtomically } = await import('../../../src/system/fs/atomic-write.ts');
const { constants, open } = await import('../../../src/system/fs/files.ts');

let uncovered = 0;
async function write(path: string): Promise<void> {
  await writeAtomically(path, 'content', { mode: 0o640 });
  const until = coveredUntil.get(fs.statSync(dirname(path)).ino) ?? -1;
  if ((renamedAt.get(path) ?? Number.POSITIVE_INFINITY) > until) uncovered += 1;
}
const paths = Array.from({ length: Number(count) }, (_, index) =>
  folders.map((folder) => join(folder, `file-${index}`)),
).flat();
await Promise.all(paths.map(write));
const written = { ...synced, uncovered };

const [first = ''] = folders;
const openFolder = () => open(first, constants.O_RDONLY | constants.O_DIRECTORY);
const before = await openFolder();
fs.renameSync(first, `${first}-before`);
fs.mkdirSync(first);
const handles = [before, await openFolder(), before];
coveredUntil.clear();
await Promise.all(handles.map((handle) => handle.sync()));
process.stdout.write(JSON.stringify({ ...written, replaced: coveredUntil.size }));
