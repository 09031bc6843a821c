import type { Stats } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { en, joined, SEMICOLON, type Text, verbatim, zh } from '../../core/text.ts';
import { isUnanswered, lstat, readlink, stat } from './files.ts';
import { RefusedFileError } from './read-regular-file.ts';

/** Why a file could not be read, as it follows the file's name, and what an operator can do where that is known. */
export interface ReadProblem {
  readonly problem: Text;
  readonly advice?: Text;
}

/** Advice for a file on a volume that hangs. */
const SILENT: Text = {
  en: 'its volume does not answer: look at its server, or at the FUSE process',
  zh: '它所在的卷没有应答：检查卷的服务器或 FUSE 进程',
};

/** Links that are followed in search of what denies a read; the system itself follows 40. */
const MOST_LINKS = 40;

/** Bits of a mode for its owner; shifted by 3 for the group, by 6 for others. */
const READ = 0o400;
const ENTER = 0o100;

/**
 * Explains an error that came of reading a file. For EACCES it looks for what denies the read, the file or a folder
 * above it, and says its owner and mode, who this process is, and the cure. Never rejects.
 */
export async function readProblem(path: string, error: unknown): Promise<ReadProblem> {
  const { code, message } = error as NodeJS.ErrnoException;
  const why = error instanceof RefusedFileError ? error.why : verbatim(code ?? message);
  const problem: Text = { en: en`cannot be read (${why})`, zh: zh`无法读取（${why}）` };
  const denying = code === 'EACCES' ? await findDenying(path, MOST_LINKS) : undefined;
  if (denying) return explainDenied(problem, path, denying);
  const advice = isUnanswered(error) ? { advice: SILENT } : {};
  return { problem, ...advice };
}

/** As {@link readProblem}, in one sentence that begins with the file's name and ends with the advice. */
export async function whyUnreadable(path: string, error: unknown): Promise<Text> {
  const { problem, advice } = await readProblem(path, error);
  const sentence = { en: en`${path} ${problem}`, zh: zh`${path} ${problem}` };
  return advice ? joined([sentence, advice], SEMICOLON) : sentence;
}

interface Denying {
  readonly path: string;
  readonly stats: Stats;
}

/** Finds the file, or the nearest folder above it, that can be looked at: what lies below a closed folder cannot. */
async function findDenying(path: string, links: number): Promise<Denying | undefined> {
  const stats = await stat(path).catch(() => undefined);
  if (stats) return { path, stats };
  const isLink = (await lstat(path).catch(() => undefined))?.isSymbolicLink();
  if (isLink && links > 0) {
    const target = await readlink(path).catch(() => '.');
    return findDenying(resolve(dirname(path), target), links - 1);
  }
  const above = dirname(path);
  return above === path ? undefined : findDenying(above, links);
}

function explainDenied(problem: Text, path: string, { path: denying, stats }: Denying): ReadProblem {
  const { uid, gid, mode } = stats;
  const isFolder = stats.isDirectory();
  const what: Text = isFolder
    ? { en: `the folder ${denying}`, zh: `目录 ${denying} ` }
    : denying === path
      ? { en: 'it', zh: '它' }
      : { en: denying, zh: `${denying} ` };
  const octal = (mode & 0o7777).toString(8).padStart(4, '0');
  const me = whoAmI();
  const gids = me.gids.join(', ');
  return {
    problem: {
      en: en`${problem}: ${what} belongs to uid ${uid}, gid ${gid} with mode ${octal}, and the daemon runs as uid ${me.uid}, gid ${gids}`,
      zh: zh`${problem}：${what}属于 uid ${uid}、gid ${gid}，权限 ${octal}，而守护进程以 uid ${me.uid}、gid ${gids} 运行`,
    },
    advice: cure(denying, stats, isFolder ? ENTER : READ, me),
  };
}

interface Me {
  readonly uid: number;
  /** The effective one first. */
  readonly gids: readonly number[];
}

function whoAmI(): Me {
  const gid = process.getegid?.() ?? 0;
  return { uid: process.geteuid?.() ?? 0, gids: [...new Set([gid, ...(process.getgroups?.() ?? [])])] };
}

function cure(path: string, { uid, gid, mode }: Stats, wanted: number, me: Me): Text {
  const bit = wanted === READ ? 'r' : 'x';
  const doing: Text = wanted === READ ? { en: 'read', zh: '读取' } : { en: 'enter', zh: '进入' };
  const isOwner = uid === me.uid;
  const shift = isOwner ? 0 : me.gids.includes(gid) ? 3 : 6;
  if (mode & (wanted >> shift)) {
    return {
      en: en`its mode lets the daemon ${doing} it, so something else does not: SELinux (mount it with :z), AppArmor or an ACL`,
      zh: zh`它的权限允许守护进程${doing}，所以是别的机制在阻止：SELinux（挂载时加 :z）、AppArmor 或 ACL`,
    };
  }
  if (isOwner) return verbatim(`chmod u+${bit} ${path}`);
  return {
    en: en`let the user of the daemon ${doing} it: as root, chown ${me.uid} ${path} where it lies (rootless podman: podman unshare chown); in Kubernetes: securityContext.fsGroup, and defaultMode 0440`,
    zh: zh`让守护进程的用户能${doing}它：在它所在的主机上以 root 执行 chown ${me.uid} ${path}（rootless podman：podman unshare chown）；Kubernetes 里用 securityContext.fsGroup 和 defaultMode 0440`,
  };
}
