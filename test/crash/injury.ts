import type { Call } from './calls.ts';

export const ERRORS = ['ENOSPC', 'EIO', 'EROFS', 'EACCES', 'EBUSY', 'EMFILE'] as const;
export type Errno = (typeof ERRORS)[number];

/** What happens to the program at one of its calls: it is killed before the call, or the call fails. */
export interface Injury {
  readonly call: Call;
  readonly how: 'KILL' | Errno;
}

/** Which calls can end with which error. */
const POSSIBLE: Readonly<Record<Errno, RegExp>> = {
  ENOSPC: /^(openat|write|pwrite64|fsync|mkdir|rename|inotify_add_watch|close)/,
  EIO: /./,
  EROFS: /^(openat|mkdir|rename|unlink|rmdir|fchmod|chmod|fchown|utimensat|access)/,
  EACCES:
    /^(openat|mkdir|rename|unlink|rmdir|chmod|utimensat|statx|access|readlink|inotify_add_watch|connect|socket)/,
  EBUSY: /^(mkdir|rename|unlink|rmdir|openat)/,
  EMFILE: /^(openat|inotify_init1|socket)/,
};

/** A kill at every call. */
export function kills(calls: readonly Call[]): readonly Injury[] {
  return calls.map((call) => ({ call, how: 'KILL' }));
}

/** Errors at every call: those that it can end with, or all of them. */
export function failures(calls: readonly Call[], all: boolean): readonly Injury[] {
  return calls
    .filter(canFail)
    .flatMap((call) =>
      ERRORS.filter((how) => all || POSSIBLE[how].test(call.name)).map((how): Injury => ({ call, how })),
    );
}

/** What the main thread reads and writes are sockets, whose errors have tests of their own. */
function canFail({ thread, name }: Call): boolean {
  return thread === 'pool' || !/^(read|write|writev|recv|send)/.test(name);
}

/**
 * What strace is told. A call that has a path is counted among those of this path; of the others, which are few, the
 * number may differ from run to run.
 * @param pathOf where a path of the scene really is
 */
export function injecting({ call, how }: Injury, pathOf: (path: string) => string): readonly string[] {
  const { name, nth, path, ordinal } = call;
  const what = how === 'KILL' ? 'signal=KILL' : `error=${how}`;
  const when = path === undefined ? nth : ordinal;
  const only = path === undefined ? [] : ['-P', pathOf(path)];
  return [...only, '-e', `trace=${name}`, '-e', `inject=${name}:${what}:when=${when}`];
}
