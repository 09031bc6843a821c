import { realpath } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { placesOf, targetKindOf } from '../../publishers/kinds.ts';
import { isFetched } from '../config.ts';
import { type KeyPath, pathKey } from '../key-path.ts';
import type { Context } from '../resolve/context.ts';
import type { Resolved } from '../resolve/credential.ts';
import { AT_ONCE, inTurns, remembered } from '../resolve/memoize.ts';
import type { ResolvedMirror } from '../resolve/mirror.ts';
import type { Settings } from '../schema/index.ts';

/** A path, as it was given, and where. */
export interface PlacedPath {
  readonly path: string;
  readonly at: KeyPath;
}

export interface PlacedFile extends PlacedPath {
  /** Whether it is kept beside the one that was named. */
  readonly isDetails: boolean;
}

export interface PlacedInput extends PlacedPath {
  /** What would be lost. */
  readonly content: 'the AppSecret' | 'the certificates';
}

/** Every path of a configuration that is good by itself. */
export interface Paths {
  /** What is published: each target, then its details; and the socket where tokens are served. */
  readonly files: readonly PlacedFile[];
  readonly inputs: readonly PlacedInput[];
  /** The configuration itself. */
  readonly document: string | undefined;
  readonly state: PlacedPath | undefined;
  readonly feedback: PlacedPath | undefined;
}

export interface FoundPaths {
  /** What is published, to be written. */
  readonly published: readonly PlacedFile[];
  /** What can be checked: a default is not, where what was said in its place is wrong. */
  readonly paths: Paths;
  /** Empty where nothing is published. */
  readonly stateDir: string;
  /** Every file that is read. */
  readonly inputs: readonly string[];
}

/** Gathers every path that a configuration names. */
export function pathsOf(
  resolved: readonly (Resolved | ResolvedMirror)[],
  settings: Settings,
  document: string | undefined,
  context: Context,
): FoundPaths {
  const files = resolved.flatMap(publishedBy);
  const inputs = resolved.flatMap((credential) => inputsOf(credential, settings));
  const [first] = files;
  const beside = first && join(dirname(first.path), '.wx-token-sidecar');
  const stateDir = settings.stateDir ?? beside;
  const isStateKnown = stateDir !== undefined && !context.isWrong(['stateDir']);
  if (stateDir === undefined && hasNoFile(settings)) {
    context.complain(
      ['stateDir'],
      'is required where nothing is published into a file: the folder for restart memory',
    );
  }
  const { directory } = settings.feedback;
  const read = [...(document === undefined ? [] : [document]), ...inputs.map(({ path }) => path)];
  return {
    published: files,
    paths: {
      files: [...files, ...socketOf(settings)],
      inputs,
      document,
      state: isStateKnown ? { path: stateDir, at: ['stateDir'] } : undefined,
      feedback: directory === undefined ? undefined : { path: directory, at: ['feedback', 'directory'] },
    },
    stateDir: stateDir ?? '',
    inputs: [...new Set(read)],
  };
}

/** Whether nothing is published into a file, as far as the targets are known: then nothing tells where state belongs. */
function hasNoFile({ credentials = [] }: Settings): boolean {
  const targets = credentials.flatMap((credential) => credential?.publish ?? []);
  return targets.length > 0 && targets.every((target) => target && !targetKindOf(target).writesFiles);
}

function publishedBy({ targets }: Pick<Resolved, 'targets'>): PlacedFile[] {
  return targets.flatMap(({ target, at }) =>
    placesOf(target).flatMap(({ file }) => (file ? [{ ...file, at: [...at, 'path'] }] : [])),
  );
}

function socketOf({ tokenServer }: Settings): PlacedFile[] {
  const listen = tokenServer?.listen;
  if (!listen || !('path' in listen)) return [];
  return [{ path: listen.path, at: ['tokenServer', 'listen'], isDetails: false }];
}

function inputsOf(
  { at, config }: Resolved | ResolvedMirror,
  { platform, credentials }: Settings,
): PlacedInput[] {
  const inputs: PlacedInput[] = [];
  if (!isFetched(config)) return inputs;
  const { secret } = config;
  if (secret && 'file' in secret) {
    inputs.push({ path: secret.file, at: [...at, 'secretFile'], content: 'the AppSecret' });
  }
  const own = credentials?.[Number(at[1])]?.platform.caFile;
  const where = own === undefined ? ['platform'] : [...at, 'platform'];
  const caFile = own ?? platform.caFile;
  if (caFile !== undefined)
    inputs.push({ path: caFile, at: [...where, 'caFile'], content: 'the certificates' });
  return inputs;
}

/** {@link Paths} with links followed. */
export interface RealPaths {
  /** Where the entry itself lies that a write would replace. */
  readonly files: readonly (PlacedFile & { readonly real: string })[];
  /** The link and what it leads to: either would be missed. */
  readonly inputs: readonly (PlacedInput & { readonly reals: readonly string[] })[];
  readonly document: readonly string[];
  readonly state: (PlacedPath & { readonly real: string }) | undefined;
  readonly feedback: (PlacedPath & { readonly real: string }) | undefined;
}

async function followLinks({ files, inputs, document, state, feedback }: Paths): Promise<RealPaths> {
  // As realPath and realEntry, but asking once for folders that many share.
  const follow = remembered(async (path: string): Promise<string> => {
    return await realpath(path).catch(() => (dirname(path) === path ? path : entry(path)));
  });
  const entry = async (path: string) => join(await follow(dirname(path)), basename(path));
  const both = async (path: string) => [await entry(path), await follow(path)];
  return {
    files: await inTurns(files, AT_ONCE, async (file) => ({ ...file, real: await entry(file.path) })),
    inputs: await inTurns(inputs, AT_ONCE, async (input) => ({ ...input, reals: await both(input.path) })),
    document: document === undefined ? [] : await both(document),
    state: state && { ...state, real: await follow(state.path) },
    feedback: feedback && { ...feedback, real: await follow(feedback.path) },
  };
}

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
