import { readFileSync } from 'node:fs';
import { sep } from 'node:path';

/** A line of /proc/self/mountinfo; see proc(5). */
export interface Mount {
  readonly id: number;
  readonly parent: number;
  /** Mount point: a folder, or a file when a single file is mounted. */
  readonly point: string;
  /** File system type: `ext4`, `tmpfs`, `nfs4` … */
  readonly type: string;
  readonly readOnly: boolean;
  /** `MAJOR:MINOR` of the device: the same for all mounts of one file system. */
  readonly device?: string;
}

/**
 * How a mount stores what is written to it.
 * - `memory`: it never reaches a disk
 * - `layer`: the writable layer of a container, which ends with the container and is visible to no other
 * - `network`: another machine stores it or may write to it, so change events do not arrive
 */
export type Storage = 'memory' | 'disk' | 'layer' | 'network';

/** Returns the mounts that this process sees; empty where the system does not list them (anything but Linux). */
export async function readMounts(): Promise<readonly Mount[]> {
  return parseMounts(readMountTable());
}

/** Returns the text of /proc/self/mountinfo; empty where there is none. It asks none of the mounts. */
export function readMountTable(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return '';
  }
}

/** Parses the text of /proc/self/mountinfo; lines that it cannot parse are left out. */
export function parseMounts(table: string): Mount[] {
  return table.split('\n').flatMap((line) => {
    const words = line.split(' ');
    const [id, parent, device = '', , point, options = ''] = words;
    // The type follows a lone dash, before which stands any number of optional fields.
    const dash = words.indexOf('-', 6);
    const [type, , superOptions = ''] = dash < 0 ? [] : words.slice(dash + 1);
    if (point === undefined || type === undefined) return [];
    const readOnly = [options, superOptions].some((list) => list.split(',').includes('ro'));
    return [{ id: Number(id), parent: Number(parent), point: unescapeOctal(point), type, readOnly, device }];
  });
}

/**
 * Finds the mount that contains a path; undefined when it cannot be determined.
 * @param path absolute, without symbolic links
 */
export function mountOf(mounts: readonly Mount[], path: string): Mount | undefined {
  const ids = new Set(mounts.map(({ id }) => id));
  let found = mounts.find(({ id, parent, point }) => point === '/' && (parent === id || !ids.has(parent)));
  // Descend from the root through the nearest mount each time: a deeper mount may be hidden by one mounted over it
  // later.
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
/**
 * Includes file systems shared by the host of a virtual machine or a desktop, which change from outside as well.
 */
const NETWORK =
  /^(nfs\d*|cifs|smb\d?|smbfs|9p|virtiofs|ceph|lustre|gpfs|glusterfs|beegfs|afs|ocfs2|gfs2|davfs|fuse|fuse\..+)$/;

/**
 * Classifies a file system type.
 * @param type as in {@link Mount}
 */
export function storageOf(type: string): Storage {
  if (MEMORY.has(type)) return 'memory';
  if (LAYER.has(type)) return 'layer';
  return NETWORK.test(type) ? 'network' : 'disk';
}

/** Whether a path is this mount point or lies below it. */
export function holds(point: string, path: string): boolean {
  return path === point || path.startsWith(point.endsWith(sep) ? point : point + sep);
}

/** The kernel writes blanks, tabs, newlines and backslashes as `\ooo`. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
