import { dirname } from 'node:path';
import type { FileTargetConfig } from '../config/config.ts';
import { apply } from '../core/apply.ts';
import type { Failure } from '../core/failure.ts';
import type { Instant } from '../core/time.ts';
import type { View } from '../core/view.ts';
import { filesOf, idOf } from '../publishers/file.ts';
import { folderFailure, pathFailure } from '../system/path-problem.ts';
import { spaceFailure } from '../system/space-failure.ts';
import { isSilent, lacking } from './prospect.ts';
import { DRAW } from './watched.ts';

/** A credential, and whether what was found explains why a running daemon leaves no trace on the disk. */
export interface Probed {
  readonly view: View;
  readonly hindered: boolean;
}

/**
 * Where the disk does not hold what it should: what stands in the way of the daemon, as it would have learnt it by
 * trying. Its own word of that is in its memory alone.
 */
export async function withHindrances(
  view: View,
  files: readonly FileTargetConfig[],
  stateDir: string,
  now: Instant,
): Promise<Probed> {
  const context = { policy: view.unit.policy, now, random: DRAW };
  const late = new Set(lacking(view, now));
  const suspects = files.filter((target) => late.has(idOf(target)));
  const found = await Promise.all(
    suspects.map(async (target) => ({ target: idOf(target), failure: await hindranceOf(target) })),
  );
  let { state } = view;
  for (const { target, failure } of found) {
    if (failure) state = apply(state, { type: 'unpublished', target, failure }, context);
  }
  const isSilence = isSilent(view, now);
  const store = isSilence ? await folderHindrance(stateDir) : undefined;
  if (store) state = apply(state, { type: 'unstored', failure: store }, context);
  // Whoever can write the record would have written that it tried to fetch.
  const hindered = isSilence ? store !== undefined : found.every(({ failure }) => failure);
  return { view: { ...view, state }, hindered };
}

async function hindranceOf(target: FileTargetConfig): Promise<Failure | undefined> {
  for (const { path } of filesOf(target)) {
    const failure = await pathFailure(path);
    if (failure) return failure;
  }
  return spaceFailure(dirname(target.path));
}

async function folderHindrance(folder: string): Promise<Failure | undefined> {
  return (await folderFailure(folder)) ?? (await spaceFailure(folder));
}
