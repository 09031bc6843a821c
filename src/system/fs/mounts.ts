import { readFile } from 'node:fs/promises';
import { sep } from 'node:path';

/** A line of /proc/self/mountinfo (proc(5)). */
export interface Mount {
  readonly id: number;
  readonly parent: number;
  /** Where it is mounted; a file where a single one is. */
  readonly point: string;
  /** `ext4`, `tmpfs`, `nfs4` … */
  readonly type: string;
  readonly readOnly: boolean;
}

/**
 * What becomes of what is written there.
 * - `memory`: it is never on a disk
 * - `layer`: a container's own writable layer, which ends with the container and which nobody else sees
 * - `network`: another machine holds it, or may write it, so events of changes do not come
 */
export type Storage = 'memory' | 'disk' | 'layer' | 'network';

/** The mounts that this process sees; none where the system does not tell (anything but Linux). */
export async function readMounts(): Promise<readonly Mount[]> {
  return parseMounts(await readFile('/proc/self/mountinfo', 'utf8').catch(() => ''));
}

export function parseMounts(table: string): Mount[] {
  return table.split('\n').flatMap((line) => {
    const words = line.split(' ');
    const [id, parent, , , point, options = ''] = words;
    // Optional fields come before a lone dash, none or several.
    const dash = words.indexOf('-', 6);
    const [type, , superOptions = ''] = dash < 0 ? [] : words.slice(dash + 1);
    if (point === undefined || type === undefined) return [];
    const readOnly = [options, superOptions].some((list) => list.split(',').includes('ro'));
    return [{ id: Number(id), parent: Number(parent), point: unescapeOctal(point), type, readOnly }];
  });
}

/**
 * The mount that holds a path; undefined where that cannot be said.
 * @param path absolute, without links
 */
export function mountOf(mounts: readonly Mount[], path: string): Mount | undefined {
  const ids = new Set(mounts.map(({ id }) => id));
  let found = mounts.find(({ id, parent, point }) => point === '/' && (parent === id || !ids.has(parent)));
  // From the root down, the nearest mount first: one further down may be hidden below what was mounted over it later.
  for (let next = found; next; ) {
    found = next;
    const { id } = next;
    [next] = mounts
      .filter((mount) => mount.parent === id && mount.id !== id && holds(mount.point, path))
      .sort((a, b) => a.point.length - b.point.length);
  }
  return found;
}

const MEMORY = new Set(['tmpfs', 'ramfs', 'devtmpfs']);
const LAYER = new Set(['overlay', 'aufs', 'fuse.fuse-overlayfs']);
/** Those of a virtual machine's or a desktop's host are changed from outside as well. */
const NETWORK =
  /^(nfs\d*|cifs|smb\d?|smbfs|9p|virtiofs|ceph|lustre|gpfs|glusterfs|beegfs|afs|ocfs2|gfs2|davfs|fuse|fuse\..+)$/;

/** @param type of a {@link Mount} */
export function storageOf(type: string): Storage {
  if (MEMORY.has(type)) return 'memory';
  if (LAYER.has(type)) return 'layer';
  return NETWORK.test(type) ? 'network' : 'disk';
}

function holds(point: string, path: string): boolean {
  return path === point || path.startsWith(point.endsWith(sep) ? point : point + sep);
}

/** The kernel writes blanks, tabs, newlines and backslashes as `\ooo`. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
