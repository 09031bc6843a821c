import { dirname, sep } from 'node:path';
import { folderProblem, pathProblem } from '../system/path-problem.ts';
import { realEntry, realPath } from '../system/real-path.ts';
import type { Complain } from './pointed-at.ts';

/** Every path of a configuration that is good by itself, as it was given. */
export interface Paths {
  /** What is published: the token, then its details. */
  readonly files: readonly string[];
  readonly secretFile: string | undefined;
  readonly caFile: string | undefined;
  readonly stateDir: string | undefined;
  readonly feedbackDir: string | undefined;
}

/**
 * Tells of paths that must not be the same or lie within each other, since a write would destroy something. Links are
 * followed first.
 * @returns whether there are none
 */
export async function areApart(paths: Paths, complain: Complain): Promise<boolean> {
  const { stateDir, feedbackDir } = paths;
  const files = await Promise.all(paths.files.map(async (path) => ({ path, real: await realEntry(path) })));
  const state = stateDir === undefined ? undefined : await realPath(stateDir);
  const feedback = feedbackDir === undefined ? undefined : await realPath(feedbackDir);
  let apart = true;
  const collide: Complain = (where, what) => {
    apart = false;
    complain(where, what);
  };

  for (const [where, path, content] of [
    ['WXTOKEN_SECRET_FILE', paths.secretFile, 'the AppSecret'],
    ['WXTOKEN_CA_FILE', paths.caFile, 'the certificates'],
  ] as const) {
    if (path === undefined) continue;
    // The link and what it leads to: either would be missed.
    const input = [await realEntry(path), await realPath(path)];
    if (files.some(({ real }) => input.includes(real))) {
      collide(where, `is a file that would be published: ${content} would be overwritten`);
    }
    if (input.some((real) => isWithin(real, feedback))) {
      collide(where, `lies in the feedback folder ${feedbackDir}, where ${content} would be removed`);
    }
  }
  for (const [what, folder, given] of [
    ['state folder', state, stateDir],
    ['feedback folder', feedback, feedbackDir],
  ] as const) {
    const [file] = files.filter(({ real }) => overlap(real, folder));
    if (file) collide('WXTOKEN_FILE', `${file.path} may not be, hold or lie in the ${what} ${given}`);
  }
  // Where the feedback folder holds the file as well, that has been said.
  if (overlap(state, feedback) && !files.some(({ real }) => isWithin(real, feedback))) {
    collide('WXTOKEN_FEEDBACK_DIR', `may not be, hold or lie in the state folder ${stateDir}`);
  }
  return apart;
}

/** Tells of what could not be written. Looks only: nothing is created. */
export async function areWritable(
  { files, stateDir }: Pick<Paths, 'files' | 'stateDir'>,
  complain: Complain,
): Promise<void> {
  const found = await Promise.all(files.map(pathProblem));
  const problems = new Set(found.filter((problem) => problem !== undefined));
  for (const what of problems) complain('WXTOKEN_FILE', what);
  const unusable = stateDir === undefined ? undefined : await folderProblem(stateDir);
  if (unusable === undefined) return;
  // Beside the file it shares the faults of the folder.
  const isBeside = files.some((path) => dirname(path) === dirname(stateDir ?? ''));
  if (problems.size === 0 || !isBeside) complain('WXTOKEN_STATE_DIR', unusable);
}

function overlap(a: string | undefined, b: string | undefined): boolean {
  return isWithin(a, b) || isWithin(b, a);
}

function isWithin(path: string | undefined, folder: string | undefined): boolean {
  if (path === undefined || folder === undefined) return false;
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
