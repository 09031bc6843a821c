import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import { onTestFinished } from 'vitest';
import { isMissing, missing } from '../support/tools.ts';

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

/** Does something as a user who owns nothing, where this process is root, who may do everything; else as who it is. */
export async function asNobody<T>(act: () => Promise<T>): Promise<T> {
  if (!isRoot || !process.seteuid) return await act();
  process.seteuid(65_534);
  try {
    return await act();
  } finally {
    process.seteuid(0);
  }
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
    return whyNotMounted(error);
  }
  onTestFinished(async () => {
    await execute('umount', [at]);
  });
  return undefined;
}

/** Why nothing can be mounted here. The same for each test, so that they are counted together: no path is in it. */
export function whyNotMounted(error: unknown): string {
  if (isMissing(error)) return missing('mount');
  const { stderr } = error as { readonly stderr?: string };
  return `this process may not mount (${stderr?.split('\n')[0]?.replace(/.*: /, '') || String(error)})`;
}
