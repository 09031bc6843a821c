import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TestContext } from 'vitest';
import { isMissing, missing } from '../support/tools.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export const IMAGE = 'localhost/wx-token-sidecar:test';

/** Another base of the image where Docker's own cannot be had; `test/container/base.sh` makes one. */
export const NODE_IMAGE = process.env['NODE_IMAGE'] ?? `docker.io/library/${usualBase()}`;

/** What the build needs of this network besides: certificates, a registry of npm. Parted by spaces. */
const BUILD_OPTIONS = (process.env['IMAGE_BUILD_OPTIONS'] ?? '').split(' ').filter(Boolean);

export interface Outcome {
  readonly code: number;
  /** Standard output. */
  readonly output: string;
  /** Standard error. */
  readonly complaint: string;
}

/** Runs podman, whatever comes of it. Not in the project's folder, since it leaves a file there when memory runs out. */
export async function tryPodman(...args: readonly string[]): Promise<Outcome> {
  try {
    const { stdout, stderr } = await promisify(execFile)('podman', args, {
      cwd: tmpdir(),
      maxBuffer: 2 ** 26,
    });
    return { code: 0, output: stdout, complaint: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: unknown; stdout?: string; stderr?: string };
    if (typeof code !== 'number') throw error;
    return { code, output: stdout ?? '', complaint: stderr ?? '' };
  }
}

/**
 * Runs podman and tells what it printed.
 * @throws {Error} when it fails
 */
export async function podman(...args: readonly string[]): Promise<string> {
  const { code, output, complaint } = await tryPodman(...args);
  if (code !== 0) throw new Error(`podman ${args.join(' ')}: ${code}\n${complaint}${output}`);
  return output.trimEnd();
}

let obstacle: Promise<string | undefined> | undefined;
let built: Promise<unknown> | undefined;

/** The image of the Dockerfile is there afterwards. The test ends here, saying why, where there is no podman. */
export async function imageFor(context: TestContext): Promise<void> {
  if (!process.env['WITH_PODMAN']) context.skip('builds an image: npm run test:container');
  obstacle ??= whyNoPodman();
  const reason = await obstacle;
  if (reason) context.skip(reason);
  built ??= podman(
    'build',
    ...BUILD_OPTIONS,
    '--build-arg',
    `NODE_IMAGE=${NODE_IMAGE}`,
    '--tag',
    IMAGE,
    ROOT,
  );
  await built;
}

/** An image made of that one by a Dockerfile, which is told of `IMAGE` and `NODE_IMAGE`; its name. */
export async function derivedImage(name: string, dockerfile: string): Promise<string> {
  const image = `${IMAGE}-${name}`;
  const known = [`IMAGE=${IMAGE}`, `NODE_IMAGE=${NODE_IMAGE}`].flatMap((value) => ['--build-arg', value]);
  await podman('build', ...BUILD_OPTIONS, ...known, '--tag', image, '--file', dockerfile, '.');
  return image;
}

async function whyNoPodman(): Promise<string | undefined> {
  try {
    const { code, complaint } = await tryPodman('info');
    return code === 0 ? undefined : `podman does not work here (${complaint.trim()})`;
  } catch (error) {
    if (!isMissing(error)) throw error;
    return missing('podman');
  }
}

function usualBase(): string {
  const name = /^ARG NODE_IMAGE=(.+)$/m.exec(readFileSync(`${ROOT}Dockerfile`, 'utf8'))?.[1];
  if (name === undefined) throw new Error('the Dockerfile names no base');
  return name;
}
