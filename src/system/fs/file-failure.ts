import { EdgeError, type Failure, PASSING } from '../../core/failure.ts';
import { MINUTE } from '../../core/time.ts';

const SLOW = { ...PASSING, cap: 5 * MINUTE };

const FOREIGN_GROUP =
  'the daemon may give files only to groups that it is a member of (in Kubernetes: ' +
  'securityContext.supplementalGroups or fsGroup)';
const UNMAPPED_GROUP =
  'this group does not exist for the daemon, whose user namespace does not map it (rootless containers, hostUsers: ' +
  'false): name a group that is mapped (/proc/self/gid_map), or map this one';
const FIXED_MODE =
  'this file system does not let the daemon set modes: mount it with another one, or use another volume';
const STICKY =
  "the folder is sticky and what lies there belongs to another user: remove it, or name a folder of the daemon's own";

/** Advice for EPERM by system call: its meaning depends on the call that failed. */
const NOT_PERMITTED: Readonly<Record<string, string>> = {
  chown: FOREIGN_GROUP,
  fchown: FOREIGN_GROUP,
  chmod: FIXED_MODE,
  fchmod: FIXED_MODE,
  rename: STICKY,
  unlink: STICKY,
};

/** Advice for an operator, by errno. */
const ADVICE: Readonly<Record<string, string>> = {
  EACCES: 'give the daemon write permission on the folder (in Kubernetes: securityContext.fsGroup)',
  ENOENT:
    'its folder is gone, and the daemon could not make it again: create it for the daemon, or mount its volume',
  EPERM: 'nothing may be created there (a folder set immutable, or no place for files): name another path',
  EROFS: 'the volume is mounted read-only: mount it read-write in the sidecar, read-only in the app',
  ENOSPC: 'the volume is full: free some space or raise its size limit',
  EDQUOT: 'the disk quota is used up',
  EBUSY:
    'the file itself is a mount (a single-file bind mount or subPath): mount the folder that holds it instead',
  EISDIR: 'there is a folder at the path of the file: remove it, or name another path',
  EEXIST: 'there is a file where the folder should be: remove it, or name another path',
  ENOTDIR: 'a part of the path is a file, not a folder',
  ETIMEDOUT:
    'the volume does not answer: look at its server, or at the FUSE process, and at the network in between',
  EMFILE: 'the process has too many open files: raise its limit (ulimit -n)',
  ENFILE: 'the machine has too many open files',
};

const NEEDS_A_PERSON = new Set(['EACCES', 'EPERM', 'EROFS', 'EBUSY', 'EISDIR', 'EEXIST', 'ENOTDIR']);

/**
 * Converts a file system error about `path` into an {@link EdgeError}.
 * @param action infinitive for the message, such as `write`
 * @returns a `passing` failure whose code is the name of the errno, with advice for known ones and effect `none`
 */
export function fileFailure(action: string, path: string, error: unknown): EdgeError {
  const { code = 'unexpected', message, syscall = '' } = error as NodeJS.ErrnoException;
  const isUnmapped = code === 'EINVAL' && /^f?chown$/.test(syscall);
  const advice = isUnmapped ? UNMAPPED_GROUP : (code === 'EPERM' && NOT_PERMITTED[syscall]) || ADVICE[code];
  return new EdgeError(
    {
      class: 'passing',
      code,
      message: `cannot ${action} ${path}: ${advice ? code : message}`,
      ...(advice && { advice }),
      effect: 'none',
      backoff: isUnmapped || NEEDS_A_PERSON.has(code) ? SLOW : PASSING,
    },
    { cause: error },
  );
}

/** The code of {@link attributesFailure}. */
const MODE_NOT_HAD = 'mode-not-had';

/**
 * Describes that a file does not have the mode or group that was set for it, because its volume ignores what is set.
 * @param found what the file has
 */
export function attributesFailure(
  path: string,
  wanted: { readonly mode: number; readonly gid?: number },
  found: { readonly mode: number; readonly gid: number },
): Failure {
  const inWords = (mode: number, gid: number | undefined) =>
    `${(mode & 0o7777).toString(8).padStart(4, '0')}${wanted.gid === undefined ? '' : `, group ${gid}`}`;
  return {
    class: 'passing',
    code: MODE_NOT_HAD,
    message: `${path} has mode ${inWords(found.mode, found.gid)}, not ${inWords(wanted.mode, wanted.gid)}: its volume ignores modes`,
    advice:
      'mount the volume with the mode and group that its files should have (SMB, Azure Files: file_mode=0640, ' +
      'dir_mode=0750, gid=), or publish on another volume',
    effect: 'none',
    backoff: PASSING,
  };
}

/** Whether a file has the mode and group that were set for it. */
export function hasAttributes(
  found: { readonly mode: number; readonly gid: number },
  { mode, gid }: { readonly mode: number; readonly gid?: number },
): boolean {
  return (found.mode & 0o7777) === mode && (gid === undefined || found.gid === gid);
}

/** Describes a file system error about `path` in one line, with advice where there is some. */
export function fileProblem(action: string, path: string, error: unknown): string {
  const { message, advice } = fileFailure(action, path, error).failure;
  return advice ? `${message}; ${advice}` : message;
}
