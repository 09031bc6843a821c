import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { folderProblem, pathProblem } from '../../system/fs/path-problem.ts';
import type { Context } from '../resolve/context.ts';
import { AT_ONCE, inTurns, remembered } from '../resolve/memoize.ts';
import type { PlacedPath } from './paths.ts';

/**
 * Tells of what could not be written, once for all that share a folder. Looks only: nothing is created.
 * @param state absent where nothing is lost without it
 */
export async function areWritable(
  files: readonly PlacedPath[],
  state: PlacedPath | undefined,
  context: Context,
): Promise<void> {
  const isThere = remembered(exists);
  const ofFolder = remembered(folderProblem);
  const found = await inTurns(files, AT_ONCE, async ({ path, at }) => ({
    at,
    what: await problemOf(path, isThere, ofFolder),
  }));
  const told = new Set<string>();
  for (const { at, what } of found) {
    if (what === undefined || told.has(what)) continue;
    context.complain(at, what);
    told.add(what);
  }
  if (!state) return;
  const unusable = await folderProblem(state.path);
  if (unusable === undefined) return;
  // Beside a file it shares the faults of the folder.
  const isBeside = files.some(({ path }) => dirname(path) === dirname(state.path));
  if (told.size === 0 || !isBeside) context.complain(state.at, unusable);
}

type Ask<R> = (path: string) => Promise<R>;

/** Of what is not there only the folder can be wrong, and it is looked at once. */
async function problemOf(
  path: string,
  isThere: Ask<boolean>,
  ofFolder: Ask<string | undefined>,
): Promise<string | undefined> {
  const folder = dirname(path);
  return (await isThere(folder)) && (await exists(path)) ? pathProblem(path) : ofFolder(folder);
}

function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
