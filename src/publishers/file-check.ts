import { basename, dirname } from 'node:path';
import type { Fact, Findings } from '../core/findings.ts';
import { lstat, stat } from '../system/fs/files.ts';
import { type FolderFacts, inspectFolder } from '../system/fs/inspect-folder.ts';
import { realPath } from '../system/fs/path-problem.ts';
import { accessInWords, type HostContext, octal } from '../system/process/host-context.ts';
import type { FileTarget } from './file-target.ts';

/** Types of file systems without modes of their own: those of a mount option are for all files. */
const FIXED_MODES = /^(cifs|smb\d?|smbfs|vfat|msdos|exfat|ntfs|ntfs3|fuseblk)$/;

/**
 * Reports where the files of one credential are published and who will be able to read them; each folder is described
 * once.
 */
export async function inspectFiles(targets: readonly FileTarget[], host: HostContext): Promise<Findings> {
  const facts: Fact[] = [];
  const warnings: string[] = [];
  for (const folder of new Set(targets.map(({ path }) => dirname(path)))) {
    const found = await inspectFolder(folder, 'folder', host);
    const here = targets.filter(({ path }) => dirname(path) === folder);
    const parts = await Promise.all(here.map((target) => inspectTarget(target, found, host)));
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

async function inspectTarget(target: FileTarget, folder: FolderFacts, host: HostContext): Promise<Findings> {
  const { path, of, format, details, mode } = target;
  const { uid, names } = host;
  const gid = target.gid ?? inheritedGroup(folder) ?? host.gid;
  const beside = details ? `, details in ${basename(path)}.json` : '';
  const facts: Fact[] = [[of, `${path}: ${format}${beside}; ${accessInWords({ mode, uid, gid }, names)}`]];
  const warnings: string[] = [];

  const now = await lstat(path).catch(() => undefined);
  if (now?.isFile() && ((now.mode & 0o7777) !== mode || now.gid !== gid || now.uid !== uid)) {
    const owner = `${names.user(now.uid)}, group ${names.group(now.gid)}`;
    facts.push(['', `for now it is there with mode ${octal(now.mode)} of ${owner}`]);
    if (now.mode & 0o7777 & ~mode) {
      warnings.push(
        `${path} is there with mode ${octal(now.mode)}, not ${octal(mode)}: its volume (${folder.mount?.type ?? 'of an unknown type'}) ` +
          'ignores modes, or somebody changed it. Mount the volume with that mode (SMB, Azure Files: file_mode=), or use another',
      );
    }
  } else if (!now && FIXED_MODES.test(folder.mount?.type ?? '')) {
    warnings.push(
      `${path} will hardly have mode ${octal(mode)}: volumes of type ${folder.mount?.type} ignore modes. ` +
        'Mount it with file_mode= or fmask=, or use another volume',
    );
  }
  if (mode & 0o004) {
    warnings.push(
      `everyone who gets at ${path} may read it: use a mode like 0640 and a group that the readers are in`,
    );
  }
  const isMapped = target.gid === undefined || host.isMapped(gid);
  if (!isMapped) {
    warnings.push(
      `${path} cannot be given to group ${names.group(gid)}, which the user namespace of this process does not map: ` +
        'nothing would be published; name a group that is mapped (/proc/self/gid_map), or map this one',
    );
  }
  const isOurs = !isMapped || uid === 0 || target.gid === undefined || host.groups.includes(gid);
  if (!isOurs) {
    warnings.push(
      `${names.user(uid)} is not in group ${names.group(gid)} and can hardly give ${path} to it ` +
        '(in Kubernetes: securityContext.supplementalGroups or fsGroup)',
    );
  }
  // The operator sets a group because readers are in it, so the folders must let that group through.
  const closed = target.gid !== undefined && mode & 0o040 ? await blockingFolder(path, gid) : undefined;
  if (closed) warnings.push(`group ${names.group(gid)} may read ${path}, but does not get through ${closed}`);
  return { facts, warnings };
}

/** Returns the group that new files get from a setgid folder. */
function inheritedGroup({ stat }: FolderFacts): number | undefined {
  return stat && stat.mode & 0o2000 ? stat.gid : undefined;
}

/** Finds the outermost folder above a path that members of the group cannot enter. */
async function blockingFolder(path: string, gid: number): Promise<string | undefined> {
  let closed: string | undefined;
  for (let folder = await realPath(dirname(path)); ; folder = dirname(folder)) {
    const found = await stat(folder).catch(() => undefined);
    const needed = found?.gid === gid ? 0o010 : 0o001;
    if (found && (found.mode & needed) === 0) closed = `${folder} (mode ${octal(found.mode)})`;
    if (dirname(folder) === folder) return closed;
  }
}
