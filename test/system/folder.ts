import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import { onTestFinished } from 'vitest';

const execute = promisify(execFile);

/** Whether this process may mount, change owners and start programs as somebody else. */
export const isRoot = process.geteuid?.() === 0;

/** What every temporary of ours is called. */
export const TEMPORARY = /^\.wx-token-sidecar-([0-9a-f]{12})-(\d+)-[0-9a-f]{32}\.tmp$/;

/** A folder that ends with the test. Others may look into it, as they may into a folder of tokens. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755);
  return folder;
}

/** Sets the umask until the test ends; a thread (as of `npm run mutate`) goes on with that of its process. */
export function withUmask(mask: number): void {
  if (!isMainThread) return;
  const before = process.umask(mask);
  onTestFinished(() => {
    process.umask(before);
  });
}

/** The names of all that is in a folder, in order. */
export async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).sort();
}

export async function leftoversIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => TEMPORARY.test(name));
}

/** The permission bits, setuid, setgid and sticky included. */
export async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o7777;
}

/**
 * Mounts until the test ends.
 * @returns why that is not possible here; undefined when it has been done
 */
export async function mount(args: readonly string[], at: string): Promise<string | undefined> {
  try {
    await execute('mount', [...args, at]);
  } catch (error) {
    return `this process may not mount (${(error as Error).message.trim()})`;
  }
  onTestFinished(async () => {
    await execute('umount', [at]);
  });
  return undefined;
}
