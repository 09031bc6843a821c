import { dirname, sep } from 'node:path';
import type { Context } from './context.ts';
import { type KeyPath, pathKey } from './key-path.ts';
import type { Paths, PlacedFile } from './placed-paths.ts';
import { followLinks, type RealPaths } from './real-paths.ts';

/** Told of a collision, of what kind it is, and where; one of a kind is enough for one place. */
type Collide = (kind: string, at: KeyPath, what: string) => void;

/**
 * Tells of paths that must not be the same or lie within each other, since a write would destroy something. Links are
 * followed first.
 * @returns whether there are none
 */
export async function areApart(paths: Paths, context: Context): Promise<boolean> {
  const real = await followLinks(paths);
  const told = new Set<string>();
  const collide: Collide = (kind, at, what) => {
    const collision = `${kind}\0\0${pathKey(at)}`;
    if (!told.has(collision)) context.complain(at, what);
    told.add(collision);
  };
  const owners = refuseSharedFiles(real, context, collide);
  refuseLostInputs(real, owners, collide);
  refuseFilesInFolders(real, collide);
  refuseSharedFolders(real, collide);
  return told.size === 0;
}

type Owners = ReadonlyMap<string, PlacedFile>;

function refuseSharedFiles({ files, document }: RealPaths, context: Context, collide: Collide): Owners {
  const owners = new Map<string, PlacedFile>();
  for (const file of files) {
    const other = owners.get(file.real);
    if (other) {
      const advice = file.isDetails || other.isDetails ? ' (details: false leaves out PATH.json)' : '';
      collide('owner', file.at, `${file.path} is published by ${context.name(other.at)} already${advice}`);
    } else owners.set(file.real, file);
    if (document.includes(file.real))
      collide('document', file.at, `${file.path} is the configuration itself`);
  }
  for (const { real, at } of files) {
    const above = ancestors(real).find((folder) => owners.has(folder)) ?? '';
    const owner = owners.get(above);
    if (owner) collide('above', at, `lies in ${owner.path}, which is published as a file`);
  }
  return owners;
}

function refuseLostInputs({ inputs, document, feedback }: RealPaths, owners: Owners, collide: Collide): void {
  for (const { reals, at, content } of inputs) {
    if (reals.some((path) => owners.has(path))) {
      collide('input', at, `is a file that would be published: ${content} would be overwritten`);
    }
    if (reals.some((path) => isWithin(path, feedback?.real))) {
      collide('fed', at, `lies in the feedback folder ${feedback?.path}, where ${content} would be removed`);
    }
  }
  if (feedback && document.some((path) => isWithin(path, feedback.real))) {
    collide('document', feedback.at, 'holds the configuration, which would be removed');
  }
}

function refuseFilesInFolders({ files, state, feedback }: RealPaths, collide: Collide): void {
  for (const [what, folder] of [
    ['state folder', state],
    ['feedback folder', feedback],
  ] as const) {
    for (const { path, real, at } of files) {
      if (!overlap(real, folder?.real)) continue;
      collide(what, at, `${path} may not be, hold or lie in the ${what} ${folder?.path}`);
    }
  }
}

function refuseSharedFolders({ files, state, feedback }: RealPaths, collide: Collide): void {
  if (!feedback || !overlap(state?.real, feedback.real)) return;
  // Where the feedback folder holds a file as well, that has been said.
  if (files.some(({ real }) => isWithin(real, feedback.real))) return;
  collide('folders', feedback.at, `may not be, hold or lie in the state folder ${state?.path}`);
}

function ancestors(path: string): string[] {
  const above = dirname(path);
  return above === path ? [] : [above, ...ancestors(above)];
}

function overlap(a: string | undefined, b: string | undefined): boolean {
  return isWithin(a, b) || isWithin(b, a);
}

function isWithin(path: string | undefined, folder: string | undefined): boolean {
  if (path === undefined || folder === undefined) return false;
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
