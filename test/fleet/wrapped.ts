import { spawnSync } from 'node:child_process';
import { chown } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'vitest';
import type { Workbench } from '../e2e/workbench.ts';
import { filesIn } from '../support/files.ts';
import { type AtEnd, type Environment, type Program, startProcess } from '../support/program.ts';
import { isMissing, missing, type Tool } from '../support/tools.ts';

const PROGRAM = fileURLToPath(new URL('../../dist/wx-token-sidecar.js', import.meta.url));

/** A command that changes something about its process and then becomes the program that follows. */
export type Wrapper = readonly [command: Tool, ...args: readonly string[]];

/** Starts the built program inside a wrapper. */
export function startWrapped(
  [command, ...wrapping]: Wrapper,
  args: readonly string[],
  env: Environment,
  atEnd: AtEnd,
): Program {
  return startProcess(command, [...wrapping, process.execPath, PROGRAM, ...args], { env }, atEnd);
}

/** Skips the test, and says why, where this machine does not let the wrapper do its work. */
export function needs([command, ...args]: Wrapper, what: string, skip: TestContext['skip']): void {
  const { status, error } = spawnSync(command, [...args, 'true']);
  if (status === 0) return;
  skip(isMissing(error) ? missing(command) : `this machine does not let a test ${what}`);
}

/** Who runs the image. */
export const USER = 1000;

/** As another user than root, with these groups. */
export function asUser(uid = USER, gid = USER): Wrapper {
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
}

/** A shell that does something first, in namespaces of its own. */
export function inNamespaces(namespaces: readonly string[], script: string): Wrapper {
  return ['unshare', ...namespaces, '/bin/sh', '-c', `${script} && exec "$@"`, 'sh'];
}

/** Gives everything that a workbench has laid out to another user. */
export async function giveTo({ folder }: Workbench, uid = USER): Promise<void> {
  const paths = [folder, `${folder}/secrets`, ...(await filesIn(folder))];
  for (const path of paths) await chown(path, uid, uid);
}
