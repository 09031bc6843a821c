import type { Fact } from '../../core/findings.ts';
import type { Text } from '../../core/text.ts';
import { type HostContext, octal } from '../process/host-context.ts';
import { stat } from './files.ts';
import { type Mount, mountOf, type Storage, storageOf } from './mounts.ts';
import { folderProblem, realPath } from './path-problem.ts';

export interface FolderFacts {
  readonly facts: readonly Fact[];
  /** Why nothing can be written into the folder, in one line with advice; absent if no obstacle was found. */
  readonly problem?: Text;
  readonly mount?: Mount;
  readonly storage?: Storage;
  /** Absent while the folder does not exist. */
  readonly stat?: { readonly mode: number; readonly uid: number; readonly gid: number };
}

const STORAGE: Readonly<Record<Storage, string>> = {
  memory: 'memory',
  disk: 'disk',
  layer: "disk, this container's own layer: no other container sees it, and it ends with the container",
  network: 'network',
};

/**
 * Describes a folder for `check`: where it leads, who may use it, how it is stored. Creates nothing and never
 * rejects.
 * @param label heads the line that describes the folder
 */
export async function inspectFolder(folder: string, label: string, host: HostContext): Promise<FolderFacts> {
  const [real, found, problem] = await Promise.all([
    realPath(folder),
    stat(folder).catch(() => undefined),
    folderProblem(folder),
  ]);
  const mount = mountOf(host.mounts, real);
  const storage = mount && storageOf(mount.type);
  const words = [
    ...(real === folder ? [] : [`leads to ${real}`]),
    found ? `is there with mode ${octal(found.mode)}, ${problem ? 'not ' : ''}writable` : willBe(problem),
    ...(mount && storage ? [`${mount.type} (${STORAGE[storage]})`] : []),
    ...(mount?.readOnly ? ['mounted read-only'] : []),
  ];
  const facts: Fact[] = [[label, `${folder}: ${words.join(', ')}`]];
  if (storage === 'network') {
    facts.push(['', 'changes by other machines send no events here: they are found by polling, within 30 s']);
  }
  return {
    facts,
    ...(problem !== undefined && { problem }),
    ...(mount && { mount }),
    ...(storage && { storage }),
    ...(found && { stat: found }),
  };
}

function willBe(problem: Text | undefined): string {
  return problem === undefined ? 'will be created' : 'cannot be used';
}
