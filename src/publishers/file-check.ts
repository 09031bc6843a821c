import { basename, dirname } from 'node:path';
import { type Fact, type Findings, MORE } from '../core/findings.ts';
import { en, type Text, verbatim, zh } from '../core/text.ts';
import { lstat, stat } from '../system/fs/files.ts';
import { FOLDER, type FolderFacts, inspectFolder } from '../system/fs/inspect-folder.ts';
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
  const warnings: Text[] = [];
  for (const folder of new Set(targets.map(({ path }) => dirname(path)))) {
    const found = await inspectFolder(folder, FOLDER, host);
    const here = targets.filter(({ path }) => dirname(path) === folder);
    const parts = await Promise.all(here.map((target) => inspectTarget(target, found, host)));
    facts.push(...parts.flatMap((part) => part.facts), ...found.facts);
    warnings.push(...parts.flatMap((part) => part.warnings));
    if (found.mount && found.storage !== 'memory') {
      const { type } = found.mount;
      warnings.push({
        en:
          `what is published in ${folder} is not kept in memory but on ${type}: ` +
          'use a tmpfs, in Kubernetes an emptyDir with medium: Memory',
        zh:
          `发布到 ${folder} 的内容不在内存里，而在 ${type} 上：` +
          '请使用 tmpfs，Kubernetes 里用 medium: Memory 的 emptyDir',
      });
    }
  }
  return { facts, warnings };
}

async function inspectTarget(target: FileTarget, folder: FolderFacts, host: HostContext): Promise<Findings> {
  const { path, of, format, details, mode } = target;
  const { uid, names } = host;
  const gid = target.gid ?? inheritedGroup(folder) ?? host.gid;
  const [user, group] = [names.user(uid), names.group(gid)];
  const json = `${basename(path)}.json`;
  const beside: Text = details ? { en: `, details in ${json}`, zh: `，详情在 ${json}` } : verbatim('');
  const access = accessInWords({ mode, uid, gid }, names);
  const facts: Fact[] = [
    [
      verbatim(of),
      { en: en`${path}: ${format}${beside}; ${access}`, zh: zh`${path}：${format}${beside}；${access}` },
    ],
  ];
  const warnings: Text[] = [];

  const now = await lstat(path).catch(() => undefined);
  if (now?.isFile() && ((now.mode & 0o7777) !== mode || now.gid !== gid || now.uid !== uid)) {
    const [theirs, its] = [names.user(now.uid), names.group(now.gid)];
    facts.push([
      MORE,
      {
        en: `for now it is there with mode ${octal(now.mode)} of ${theirs}, group ${its}`,
        zh: `现在已存在，权限 ${octal(now.mode)}，属于 ${theirs}、组 ${its}`,
      },
    ]);
    if (now.mode & 0o7777 & ~mode) {
      const type: Text = folder.mount
        ? verbatim(folder.mount.type)
        : { en: 'of an unknown type', zh: '类型未知' };
      warnings.push({
        en: en`${path} is there with mode ${octal(now.mode)}, not ${octal(mode)}: its volume (${type}) ignores modes, or somebody changed it. Mount the volume with that mode (SMB, Azure Files: file_mode=), or use another`,
        zh: zh`${path} 现在的权限是 ${octal(now.mode)}，而不是 ${octal(mode)}：它的卷（${type}）忽略权限设置，或者有人改过。挂载时指定该权限（SMB、Azure Files：file_mode=），或换一个卷`,
      });
    }
  } else if (!now && FIXED_MODES.test(folder.mount?.type ?? '')) {
    const type = folder.mount?.type;
    warnings.push({
      en:
        `${path} will hardly have mode ${octal(mode)}: volumes of type ${type} ignore modes. ` +
        'Mount it with file_mode= or fmask=, or use another volume',
      zh:
        `${path} 多半不会有权限 ${octal(mode)}：${type} 类型的卷忽略权限设置。` +
        '挂载时指定 file_mode= 或 fmask=，或换一个卷',
    });
  }
  if (mode & 0o004) {
    warnings.push({
      en: `everyone who gets at ${path} may read it: use a mode like 0640 and a group that the readers are in`,
      zh: `能访问 ${path} 的所有人都能读它：请使用 0640 这样的权限，以及读取方所在的组`,
    });
  }
  const isMapped = target.gid === undefined || host.isMapped(gid);
  if (!isMapped) {
    warnings.push({
      en:
        `${path} cannot be given to group ${group}, which the user namespace of this process does not map: ` +
        'nothing would be published; name a group that is mapped (/proc/self/gid_map), or map this one',
      zh:
        `${path} 无法设为组 ${group}，本进程的 user namespace 没有映射它：什么也发布不了；` +
        '换一个已映射的组（/proc/self/gid_map），或者映射它',
    });
  }
  const isOurs = !isMapped || uid === 0 || target.gid === undefined || host.groups.includes(gid);
  if (!isOurs) {
    warnings.push({
      en:
        `${user} is not in group ${group} and can hardly give ${path} to it ` +
        '(in Kubernetes: securityContext.supplementalGroups or fsGroup)',
      zh:
        `${user} 不在组 ${group} 里，多半无法把 ${path} 设为这个组` +
        '（Kubernetes 里用 securityContext.supplementalGroups 或 fsGroup）',
    });
  }
  // The operator sets a group because readers are in it, so the folders must let that group through.
  const closed = target.gid !== undefined && mode & 0o040 ? await blockingFolder(path, gid) : undefined;
  if (closed) {
    warnings.push({
      en: `group ${group} may read ${path}, but does not get through ${closed}`,
      zh: `组 ${group} 可以读 ${path}，但无法穿过 ${closed}`,
    });
  }
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
