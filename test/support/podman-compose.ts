import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestContext } from 'vitest';
import { needsTool } from './tools.ts';

/** In place of podman: writes down what it is told, a word a line and a blank line after each command. */
const RECORDER = `#!/bin/sh
case $1 in --version) echo podman version 4.3.1 ;; esac
printf '%s\\n' "$@" '' >>"\${0%/*}/told"
`;

/**
 * What podman-compose tells podman, in whose place stands a program that does nothing: each command with its arguments.
 * The test is skipped where podman-compose is missing.
 * @param folder where `compose.yaml` lies
 */
export async function toldByPodmanCompose(
  context: TestContext,
  folder: string,
  args: readonly string[],
): Promise<readonly (readonly string[])[]> {
  await needsTool(context.skip, 'podman-compose');
  const own = await mkdtemp(join(tmpdir(), 'wx-'));
  context.onTestFinished(() => rm(own, { recursive: true, force: true }));
  const podman = join(own, 'podman');
  await writeFile(podman, RECORDER);
  await chmod(podman, 0o755);
  await promisify(execFile)('podman-compose', ['--podman-path', podman, ...args], { cwd: folder });
  const told = await readFile(join(own, 'told'), 'utf8');
  return told
    .split('\n\n')
    .filter((command) => command !== '')
    .map((command) => command.split('\n'));
}
