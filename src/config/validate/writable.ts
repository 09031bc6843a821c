import { dirname } from 'node:path';
import type { Text } from '../../core/text.ts';
import { lstat } from '../../system/fs/files.ts';
import { folderProblem, pathProblem } from '../../system/fs/path-problem.ts';
import type { Context } from '../resolve/context.ts';
import { CONCURRENCY, mapConcurrently, memoized } from '../resolve/memoize.ts';
import type { PlacedPath } from './paths.ts';

/**
 * Reports files and folders that the daemon could not write. A problem of a folder is reported once for all files in
 * it. Nothing is created or changed.
 * @param state the state folder; undefined if the daemon can do without it
 */
export async function areWritable(
  files: readonly PlacedPath[],
  state: PlacedPath | undefined,
  context: Context,
): Promise<void> {
  const isThere = memoized(exists);
  const ofFolder = memoized(folderProblem);
  const found = await mapConcurrently(files, CONCURRENCY, async ({ path, at }) => ({
    at,
    what: await problemOf(path, isThere, ofFolder),
  }));
  const reported = new Set<string>();
  for (const { at, what } of found) {
    if (what === undefined || reported.has(what.en)) continue;
    context.complain(at, what);
    reported.add(what.en);
  }
  if (!state) return;
  const unusable = await folderProblem(state.path);
  if (unusable === undefined) return;
  // A state folder beside a published file has the same problems, which have been reported.
  const isBeside = files.some(({ path }) => dirname(path) === dirname(state.path));
  if (reported.size === 0 || !isBeside) context.complain(state.at, unusable);
}

type Ask<R> = (path: string) => Promise<R>;

/**
 * Returns why a path cannot be written. For a file that does not exist, only its folder can be the reason; each
 * folder is examined once.
 */
async function problemOf(
  path: string,
  isThere: Ask<boolean>,
  ofFolder: Ask<Text | undefined>,
): Promise<Text | undefined> {
  const folder = dirname(path);
  return (await isThere(folder)) && (await exists(path)) ? pathProblem(path) : ofFolder(folder);
}

function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
