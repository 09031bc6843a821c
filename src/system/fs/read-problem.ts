import type { Stats } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isUnanswered, lstat, readlink, stat } from './files.ts';

/** Why a file could not be read, as it follows the file's name, and what an operator can do where that is known. */
export interface ReadProblem {
  readonly problem: string;
  readonly advice?: string;
}

/** Advice for a file on a volume that hangs. */
const SILENT = 'its volume does not answer: look at its server, or at the FUSE process';

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
  const problem = `cannot be read (${code ?? message})`;
  const denying = code === 'EACCES' ? await findDenying(path, MOST_LINKS) : undefined;
  if (denying) return explainDenied(problem, path, denying);
  const advice = isUnanswered(error) ? { advice: SILENT } : {};
  return { problem, ...advice };
}

/** As {@link readProblem}, in one sentence that begins with the file's name and ends with the advice. */
export async function whyUnreadable(path: string, error: unknown): Promise<string> {
  const { problem, advice } = await readProblem(path, error);
  return `${path} ${problem}${advice ? `; ${advice}` : ''}`;
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

function explainDenied(problem: string, path: string, { path: denying, stats }: Denying): ReadProblem {
  const { uid, gid, mode } = stats;
  const isFolder = stats.isDirectory();
  const what = isFolder ? `the folder ${denying}` : denying === path ? 'it' : denying;
  const owner = `${what} belongs to uid ${uid}, gid ${gid} with mode ${(mode & 0o7777).toString(8).padStart(4, '0')}`;
  const me = whoAmI();
  return {
    problem: `${problem}: ${owner}, and the daemon runs as uid ${me.uid}, gid ${me.gids.join(', ')}`,
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

function cure(path: string, { uid, gid, mode }: Stats, wanted: number, me: Me): string {
  const [bit, doing] = wanted === READ ? ['r', 'read'] : ['x', 'enter'];
  const isOwner = uid === me.uid;
  const shift = isOwner ? 0 : me.gids.includes(gid) ? 3 : 6;
  if (mode & (wanted >> shift)) {
    return `its mode lets the daemon ${doing} it, so something else does not: SELinux (mount it with :z), AppArmor or an ACL`;
  }
  if (isOwner) return `chmod u+${bit} ${path}`;
  return (
    `let the user of the daemon ${doing} it: as root, chown ${me.uid} ${path} where it lies ` +
    '(rootless podman: podman unshare chown); in Kubernetes: securityContext.fsGroup, and defaultMode 0440'
  );
}
