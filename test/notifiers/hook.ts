import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EdgeError } from '../../src/core/failure.ts';
import type { Change, Notifier } from '../../src/notifiers/index.ts';
import { contentOf } from '../support/files.ts';
import { temporaryFolder } from '../system/folder.ts';

/** Never comes. */
export const NEVER = new AbortController().signal;

export function aChange(changes: Partial<Change> = {}): Change {
  return {
    credential: 'shop',
    kind: 'token',
    file: '/var/run/wx/token',
    expiresAt: 1_767_232_800,
    ...changes,
  };
}

/** A script in a folder of its own, which it finds in `$0` and tests find in `in`. */
export interface Hook {
  readonly command: readonly [string, ...string[]];
  /** The content of a file beside it. */
  readonly in: (name: string) => Promise<string | undefined>;
  /** The number in a file beside it. */
  readonly pid: (name: string) => Promise<number | undefined>;
}

/** @param body of a shell script, which runs in its own folder */
export async function aHook(body: string): Promise<Hook> {
  const folder = await temporaryFolder();
  const path = join(folder, 'hook');
  await writeFile(path, `#!/bin/sh\ncd "\${0%/*}" || exit 99\n${body}\n`, { mode: 0o755 });
  const read = (name: string) => contentOf(join(folder, name));
  return {
    command: [path],
    in: read,
    pid: async (name) => {
      const text = await read(name);
      return text?.endsWith('\n') ? Number(text) : undefined;
    },
  };
}

/** How a notifier fails. */
export async function failureOf(
  notifier: Notifier,
  { change = aChange(), signal = NEVER }: { readonly change?: Change; readonly signal?: AbortSignal } = {},
): Promise<EdgeError> {
  const error = await notifier.notify(change, signal).then(
    () => 'it did not fail',
    (thrown: unknown) => thrown,
  );
  if (error instanceof EdgeError) return error;
  throw new Error('no EdgeError', { cause: error });
}

/** Whether a process runs; one that has ended and only waits to be reaped does not. */
export async function runs(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return !/^\d+ \(.*\) [ZX]/s.test(stat);
}
