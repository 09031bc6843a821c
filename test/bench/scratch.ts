import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Surroundings } from './row.ts';

/** In memory, as `/var/run` and the volumes of pods are: elsewhere the disk would be measured. */
export async function memoryFolder(): Promise<string> {
  return stat('/dev/shm').then(
    () => '/dev/shm',
    () => tmpdir(),
  );
}

/** An empty folder that is removed at the end. */
export async function scratch({ atEnd }: Pick<Surroundings, 'atEnd'>, parent?: string): Promise<string> {
  const folder = await mkdtemp(join(parent ?? (await memoryFolder()), 'wx-'));
  atEnd(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
