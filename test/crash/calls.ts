/** Where Node does its work: a pool of one thread for files, the main one for sockets and for what is synchronous. */
export type Thread = 'pool' | 'main';

/** One system call as `strace -y` tells it. */
export interface Call {
  readonly thread: Thread;
  readonly name: string;
  /** The how manyth of its name in its thread, from 1 on. */
  readonly nth: number;
  /** The call without what differs from run to run: to be shown, and to tell one from another. */
  readonly text: string;
  /** The path that it is about, in the scene's folder; absent for sockets. */
  readonly path?: string;
  /** The how manyth of its name and path in its thread, or of its name and text where it has no path; from 1 on. */
  readonly ordinal: number;
}

/** How the record of the account is called in a {@link Call.path}. */
export const RECORD = '/RECORD';

/** How the status file is called there. */
export const STATUS = '/STATUS';

/** Everything that touches files or the network; `?` where an architecture may lack it. */
export const TRACED = [
  'openat,?open,read,?pread64,write,?pwrite64,writev,fsync,fdatasync,close',
  'fchmod,?chmod,fchmodat,fchown,?chown,fchownat,utimensat,ftruncate',
  '?rename,?renameat,renameat2,?link,linkat,?symlink,symlinkat,?unlink,unlinkat,?rmdir,?mkdir,mkdirat',
  'statx,?newfstatat,?stat,?lstat,fstat,?access,faccessat,?faccessat2,?readlink,readlinkat,getdents64',
  'inotify_init1,inotify_add_watch,socket,connect,sendto,sendmsg,recvfrom,recvmsg,shutdown',
].join(',');

/** They change nothing, so being killed at one is being killed at the next that does. */
const LOOKS = /^(statx|newfstatat|stat|lstat|fstat|access|faccessat2?|readlink(at)?|getdents64|inotify_.*)$/;

/** Whether a call merely looks; a folder that is opened to be listed is looked at as well. */
function looks({ name, text }: Pick<Call, 'name' | 'text'>): boolean {
  return LOOKS.test(name) || (name === 'openat' && /O_NONBLOCK.*O_DIRECTORY/.test(text));
}

/**
 * The calls in a log of strace, those of a folder and of the network alone.
 * @param pool the id of the pool's thread; all others are the main one
 */
export function readCalls(log: string, pool: number, folder: string): readonly Call[] {
  const next = counter();
  const calls: Call[] = [];
  for (const line of log.split('\n')) {
    // What was interrupted by a call of another thread is told twice; it counts where it began.
    const [, task, name, rest] = /^(\d+) +(\w+)\((.*)$/.exec(line) ?? [];
    if (name === undefined || rest === undefined) continue;
    const thread = Number(task) === pool ? 'pool' : 'main';
    const nth = next(`${thread} ${name}`);
    const isNetwork = name !== 'fstat' && /^\d+<(socket|TCP)|^AF_INET/.test(rest);
    if (!rest.includes(folder) && !isNetwork) continue;
    const text = plain(`${name}(${rest}`, folder);
    const path = pathIn(text);
    const ordinal = next(`${thread} ${name} of ${path ?? text}`);
    calls.push({ thread, name, nth, text, ordinal, ...(path !== undefined && { path }) });
  }
  return calls;
}

function counter(): (key: string) => number {
  const counts = new Map<string, number>();
  return (key) => {
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return count;
  };
}

/** Of a rename the one from which, as strace sees it; of others the only one. */
function pathIn(text: string): string | undefined {
  const [, quoted] = /"([^"]*)"/.exec(text) ?? [];
  const [, described] = /<([^>]*)>/.exec(text) ?? [];
  const path = quoted ?? described;
  return path === undefined || /^socket$|^anon_inode/.test(path) ? undefined : path;
}

/** Without the folder, numbers of files, random names, times and ports. */
function plain(text: string, folder: string): string {
  return text
    .replaceAll(folder, '')
    .replace(/\.wx-token-sidecar-[0-9a-f]{12}-\d+-0*([1-9a-f][0-9a-f]?)\.tmp/g, 'TEMPORARY-$1')
    .replace(/\/[^"<>]*\.(stable-token|access-token)\.wx\d+\.json/g, RECORD)
    .replace(/\/[^"<>]*\/status\/[^"<>/]*-[0-9a-f]{12}\.json/g, STATUS)
    .replace(/AT_FDCWD(<[^>]*>)?, /g, '')
    .replace(/\b\d+<([^>]*)>/g, '<$1>')
    .replace(/socket:\[\d+\]/g, 'socket')
    .replace(/\)? +(= |<unfinished).*$/, '')
    .replace(/(, (0x[0-9a-f]+.*|[[{].*|0?\d+|"".*|AT_STATX_SYNC_AS_STAT.*|STATX_ALL.*)|,)$/, '')
    .trimEnd();
}

/** The calls of one name in a log of strace that was attached to one thread, all of them. */
export function readOne(
  log: string,
  name: string,
  folder: string,
): readonly { readonly text: string; readonly injured: boolean }[] {
  const lines = log.split('\n').filter((line) => line.startsWith(`${name}(`));
  const killed = /^\+\+\+ killed by SIGKILL/m.test(log);
  return lines.map((line, index) => ({
    text: plain(line, folder),
    injured: line.includes('(INJECTED)') || (killed && index === lines.length - 1),
  }));
}

/** Each call that changes something, and each that merely looks once, however often it does. */
export function distinct(calls: readonly Call[]): readonly Call[] {
  const told = new Set<string>();
  return calls.filter((call) => {
    const key = `${call.thread} ${call.text}`;
    const again = looks(call) && told.has(key);
    told.add(key);
    return !again;
  });
}
