import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { HostContext } from '../../src/system/process/host-context.ts';

const NAMES: Readonly<Record<number, string>> = { 0: 'root (0)', 33: 'www-data (33)', 1000: 'app (1000)' };
const named = (id: number) => NAMES[id] ?? String(id);

/** A host with one file system of this type, seen by user and group 1000. */
export function hostOn(type: string, changes: Partial<HostContext> = {}): HostContext {
  return {
    mounts: [{ id: 1, parent: 0, point: '/', type, readOnly: false }],
    names: { user: named, group: named },
    uid: 1000,
    gid: 1000,
    groups: [1000],
    isMapped: () => true,
    ...changes,
  };
}

/** A folder without links in its path, which ends with the test. */
export async function realFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'wx-')));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
