import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AT_ONCE, inTurns, remembered } from './lookups.ts';
import type { Paths, PlacedFile, PlacedInput, PlacedPath } from './placed-paths.ts';

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

export async function followLinks({ files, inputs, document, state, feedback }: Paths): Promise<RealPaths> {
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
