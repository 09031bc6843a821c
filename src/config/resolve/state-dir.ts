import { dirname, join } from 'node:path';
import { lstat, readdir, realpath, stat } from '../../system/fs/files.ts';
import { CONCURRENCY, mapConcurrently } from './memoize.ts';

/** The name of the default state folder, beside published files, and of the links that lead to it. */
const STATE_FOLDER = '.wx-token-sidecar';

/**
 * Where the path of a state folder comes from. `chosen`: the operator has set it. `found`: it is beside a published
 * file, or a link there leads to it. `new`: it is to be made beside a published file.
 */
export type StateOrigin = 'chosen' | 'found' | 'new';

/** Where a daemon keeps its state, and where else there is some. */
export interface StatePlace {
  /** The state folder; undefined where none is chosen and no file is published. */
  readonly stateDir: string | undefined;
  readonly origin: StateOrigin;
  /** Other state folders beside the published files, in which records of these accounts may lie. */
  readonly elsewhere: readonly string[];
  /** Links beside published files that are to lead to the default state folder, so that it is found without its host. */
  readonly links: readonly string[];
}

/**
 * Finds the state folder. It does not hang on the order of the accounts: where one of the folders that are published
 * into has a state folder, or a link to one, that is it. Of several it is the one that knows most of these accounts;
 * of none the first in the alphabet. So an account that comes, goes or is put elsewhere moves nothing.
 * @param chosen the folder that the operator has set
 * @param files paths of the published files
 * @param ids appids and corpids of the accounts
 */
export async function findStateFolder(
  chosen: string | undefined,
  files: readonly string[],
  ids: readonly string[],
): Promise<StatePlace> {
  const beside = [...new Set(files.map((path) => join(dirname(path), STATE_FOLDER)))].toSorted();
  const there = await mapConcurrently(beside, CONCURRENCY, existing);
  const known = [...new Set(there.filter((path) => path !== undefined))];
  const found = chosen === undefined ? await bestOf(known, ids) : undefined;
  // What lies at the path of a new one is not followed: it is a link of a stranger, or one to nowhere.
  const stateDir = chosen ?? found ?? beside[0];
  const real = chosen === undefined ? found : await realpath(chosen).catch(() => chosen);
  return {
    stateDir,
    origin: chosen !== undefined ? 'chosen' : found !== undefined ? 'found' : 'new',
    elsewhere: known.filter((path) => path !== real),
    links:
      chosen === undefined ? beside.filter((path, at) => there[at] === undefined && path !== stateDir) : [],
  };
}

/** The real path of a state folder that is there; undefined for a file, and for a link of a stranger or to nowhere. */
async function existing(path: string): Promise<string | undefined> {
  try {
    const found = await lstat(path);
    if (!found.isSymbolicLink()) return found.isDirectory() ? await realpath(path) : undefined;
    const isOurs = [process.geteuid?.(), 0, (await stat(dirname(path))).uid].includes(found.uid);
    const real = await realpath(path);
    return isOurs && (await stat(real)).isDirectory() ? real : undefined;
  } catch {
    return undefined;
  }
}

async function bestOf(folders: readonly string[], ids: readonly string[]): Promise<string | undefined> {
  if (folders.length < 2) return folders[0];
  const known = await Promise.all(
    folders.map(async (folder) => {
      const names = await readdir(folder).catch(() => []);
      return { folder, records: names.filter((name) => ids.some((id) => name.includes(`.${id}`))).length };
    }),
  );
  return known.toSorted((a, b) => b.records - a.records || (a.folder < b.folder ? -1 : 1))[0]?.folder;
}
