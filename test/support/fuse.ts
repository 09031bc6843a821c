import { execFile, spawn } from 'node:child_process';
import { access, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestContext } from 'vitest';
import type { AtEnd } from './program.ts';
import { needsTool } from './tools.ts';
import { eventually } from './wait.ts';

/** A volume whose server can stand still. */
export interface FuseVolume {
  /** Where it is mounted. */
  readonly point: string;
  /** Where its files are in truth: this never hangs. */
  readonly behind: string;
  /** Its server stands still: whoever asks the volume waits. */
  readonly hang: () => void;
  readonly goOn: () => void;
}

/** Skips the test where no FUSE file system can be mounted. */
export async function needsFuse(skip: TestContext['skip']): Promise<void> {
  await needsTool(skip, 'bindfs');
  const isHere = await access('/dev/fuse').then(
    () => process.geteuid?.() === 0,
    () => false,
  );
  if (!isHere) skip('needs /dev/fuse and root: modprobe fuse, or give the container the device');
}

/**
 * Mounts a FUSE file system in a folder. At the end it goes on and is unmounted, whatever the test did: a process that
 * asks a volume which hangs cannot be killed.
 */
export async function mountFuse(
  folder: string,
  atEnd: AtEnd,
  options: readonly string[] = [],
): Promise<FuseVolume> {
  const behind = join(folder, 'behind');
  const point = join(folder, 'mounted');
  await mkdir(behind, { recursive: true });
  await mkdir(point, { recursive: true });
  const server = spawn('bindfs', ['-f', ...options, behind, point], { stdio: 'ignore' });
  atEnd(async () => {
    server.kill('SIGCONT');
    await promisify(execFile)('umount', ['-l', point]).catch(() => {});
    server.kill('SIGKILL');
  });
  await eventually(async () => (await readFile('/proc/self/mountinfo', 'utf8')).includes(` ${point} `), {
    for: 'the FUSE volume',
  });
  return {
    point,
    behind,
    hang: () => void server.kill('SIGSTOP'),
    goOn: () => void server.kill('SIGCONT'),
  };
}
