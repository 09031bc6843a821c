import { lstat, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { FileTargetConfig, SecretSource } from '../../config/config.ts';
import { type Mount, mountOf, type Storage, storageOf } from '../../system/fs/mounts.ts';
import { folderProblem, realPath } from '../../system/fs/path-problem.ts';
import { accessInWords, type Fact, type Findings, octal, type Scene } from './findings.ts';

/** Where the files of one credential go and who will be able to read them; each folder once. */
export async function inspectTargets(targets: readonly FileTargetConfig[], scene: Scene): Promise<Findings> {
  const facts: Fact[] = [];
  const warnings: string[] = [];
  for (const folder of new Set(targets.map(({ path }) => dirname(path)))) {
    const found = await inspectFolder(folder, 'folder', scene);
    const here = targets.filter(({ path }) => dirname(path) === folder);
    const parts = await Promise.all(here.map((target) => inspectTarget(target, found, scene)));
    facts.push(...parts.flatMap((part) => part.facts), ...found.facts);
    warnings.push(...parts.flatMap((part) => part.warnings));
    if (found.mount && found.storage !== 'memory') {
      warnings.push(
        `what is published in ${folder} is not kept in memory but on ${found.mount.type}: ` +
          'use a tmpfs, in Kubernetes an emptyDir with medium: Memory',
      );
    }
  }
  return { facts, warnings };
}

async function inspectTarget(target: FileTargetConfig, folder: FolderFacts, scene: Scene): Promise<Findings> {
  const { path, of, format, details, mode } = target;
  const { uid, names } = scene;
  const gid = target.gid ?? inherited(folder) ?? scene.gid;
  const beside = details ? `, details in ${basename(path)}.json` : '';
  const facts: Fact[] = [[of, `${path}: ${format}${beside}; ${accessInWords({ mode, uid, gid }, names)}`]];
  const warnings: string[] = [];

  const now = await lstat(path).catch(() => undefined);
  if (now?.isFile() && ((now.mode & 0o7777) !== mode || now.gid !== gid || now.uid !== uid)) {
    const owner = `${names.user(now.uid)}, group ${names.group(now.gid)}`;
    facts.push(['', `for now it is there with mode ${octal(now.mode)} of ${owner}`]);
  }
  if (mode & 0o004) {
    warnings.push(
      `everyone who gets at ${path} may read it: use a mode like 0640 and a group that the readers are in`,
    );
  }
  const isOurs = uid === 0 || target.gid === undefined || scene.groups.includes(gid);
  if (!isOurs) {
    warnings.push(
      `${names.user(uid)} is not in group ${names.group(gid)} and can hardly give ${path} to it ` +
        '(in Kubernetes: securityContext.supplementalGroups or fsGroup)',
    );
  }
  // Who chose a group has readers in it.
  const closed = target.gid !== undefined && mode & 0o040 ? await closedDoor(path, gid) : undefined;
  if (closed) warnings.push(`group ${names.group(gid)} may read ${path}, but does not get through ${closed}`);
  return { facts, warnings };
}

/** What lies in a setgid folder gets the folder's group. */
function inherited({ stat }: FolderFacts): number | undefined {
  return stat && stat.mode & 0o2000 ? stat.gid : undefined;
}

export interface FolderFacts {
  readonly facts: readonly Fact[];
  /** Why nothing can be written into it. */
  readonly problem?: string;
  readonly mount?: Mount;
  readonly storage?: Storage;
  /** Absent while the folder is. */
  readonly stat?: { readonly mode: number; readonly uid: number; readonly gid: number };
}

const STORAGE: Readonly<Record<Storage, string>> = {
  memory: 'memory',
  disk: 'disk',
  layer: "disk, this container's own layer: no other container sees it, and it ends with the container",
  network: 'network',
};

/** Looks only: nothing is created. */
export async function inspectFolder(folder: string, label: string, scene: Scene): Promise<FolderFacts> {
  const [real, found, problem] = await Promise.all([
    realPath(folder),
    stat(folder).catch(() => undefined),
    folderProblem(folder),
  ]);
  const mount = mountOf(scene.mounts, real);
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

function willBe(problem: string | undefined): string {
  return problem === undefined ? 'will be created' : 'cannot be used';
}

/** The outermost folder above a path that does not let somebody of this group through. */
async function closedDoor(path: string, gid: number): Promise<string | undefined> {
  let closed: string | undefined;
  for (let folder = await realPath(dirname(path)); ; folder = dirname(folder)) {
    const found = await stat(folder).catch(() => undefined);
    const needed = found?.gid === gid ? 0o010 : 0o001;
    if (found && (found.mode & needed) === 0) closed = `${folder} (mode ${octal(found.mode)})`;
    if (dirname(folder) === folder) return closed;
  }
}

/** Where the AppSecret is and who else can read it; never what it is. */
export async function inspectSecret(source: SecretSource, scene: Scene): Promise<Findings> {
  if (!('file' in source)) {
    const text = 'in a variable of the environment, where it cannot be replaced without a restart';
    return { facts: [['secret', text]], warnings: [] };
  }
  const { file } = source;
  const [found, real] = await Promise.all([stat(file).catch(() => undefined), realPath(file)]);
  // It was read a moment ago.
  if (!found) return { facts: [['secret', `${file}: gone`]], warnings: [`${file} has just been removed`] };
  const link = real === file ? '' : `leads to ${real}, `;
  const facts: Fact[] = [['secret', `${file}: ${link}readable, ${accessInWords(found, scene.names)}`]];
  if (mountOf(scene.mounts, real)?.point === real) {
    facts.push([
      '',
      'mounted as a single file: another AppSecret may arrive only with a restart, in a folder it arrives live',
    ]);
  }
  const exposed =
    `everyone who gets at the secret file ${file} may read it: chmod o= and a group of the daemon's own; ` +
    'in Kubernetes defaultMode: 0440 of the volume, with securityContext.fsGroup';
  return { facts, warnings: (found.mode & 0o004) === 0 ? [] : [exposed] };
}
