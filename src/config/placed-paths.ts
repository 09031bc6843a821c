import { dirname, join } from 'node:path';
import type { Context } from './context.ts';
import type { KeyPath } from './key-path.ts';
import type { Resolved } from './resolve-credential.ts';
import type { ResolvedMirror } from './resolve-mirror.ts';
import type { Settings } from './schema.ts';

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
  if (stateDir === undefined && hasSecretsAlone(settings)) {
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

function hasSecretsAlone({ credentials = [] }: Settings): boolean {
  const targets = credentials.flatMap((credential) => credential?.publish ?? []);
  return targets.length > 0 && targets.every((target) => target?.type === 'kubernetes-secret');
}

function publishedBy({ targets }: Pick<Resolved, 'targets'>): PlacedFile[] {
  return targets.flatMap(({ target, at }) => {
    if (target.type !== 'file') return [];
    const { path, details } = target;
    const here = [...at, 'path'];
    const beside = details ? [{ path: `${path}.json`, at: here, isDetails: true }] : [];
    return [{ path, at: here, isDetails: false }, ...beside];
  });
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
  if (config.type === 'mirror') return inputs;
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
