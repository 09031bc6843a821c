import { EdgeError, PASSING } from '../core/failure.ts';
import { MINUTE } from '../core/time.ts';

const SLOW = { ...PASSING, cap: 5 * MINUTE };

/** What a file system's refusal means, and what a person can do about it. */
const ADVICE: Readonly<Record<string, string>> = {
  EACCES: 'give the daemon write permission on the folder (in Kubernetes: securityContext.fsGroup)',
  EPERM: 'the daemon may not set this owner, group or mode: it must be a member of the group',
  EROFS: 'the volume is mounted read-only: mount it read-write in the sidecar, read-only in the app',
  ENOSPC: 'the volume is full: free some space or raise its size limit',
  EDQUOT: 'the disk quota is used up',
  EBUSY:
    'the file itself is a mount (a single-file bind mount or subPath): mount the folder that holds it instead',
  EISDIR: 'there is a folder at the path of the file: remove it, or name another path',
  EEXIST: 'there is a file where the folder should be: remove it, or name another path',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EMFILE: 'the process has too many open files: raise its limit (ulimit -n)',
  ENFILE: 'the machine has too many open files',
};

const NEEDS_A_PERSON = new Set(['EACCES', 'EPERM', 'EROFS', 'EBUSY', 'EISDIR', 'EEXIST', 'ENOTDIR']);

/** Turns what the file system said about `path` into an {@link EdgeError} whose code is the errno's name. */
export function fileFailure(action: string, path: string, error: unknown): EdgeError {
  const { code = 'unexpected', message } = error as NodeJS.ErrnoException;
  const advice = ADVICE[code];
  return new EdgeError(
    {
      class: 'passing',
      code,
      message: `cannot ${action} ${path}: ${advice ? code : message}`,
      ...(advice && { advice }),
      effect: 'none',
      backoff: NEEDS_A_PERSON.has(code) ? SLOW : PASSING,
    },
    { cause: error },
  );
}
