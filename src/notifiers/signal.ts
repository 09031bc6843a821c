import { en, type Text, verbatim, zh } from '../core/text.ts';
import { SECOND } from '../core/time.ts';
import { readFile } from '../system/fs/files.ts';
import { readRegularFile } from '../system/fs/read-regular-file.ts';
import { type Notifier, notifyFailure, type SignalConfig } from './notifier.ts';
import { withinTime } from './time-limit.ts';

/** Time limit (ms) for reading a file of a few bytes: beyond it, the volume does not answer. */
const TIMEOUT = 5 * SECOND;

/**
 * Signals the process named by a pid file, which it reads anew each time, because apps restart. {@link readPidFile}
 * lists the processes that are never signalled.
 */
export function signalNotifier({ pidFile, signal }: SignalConfig): Notifier {
  const id = `signal:${signal}:${pidFile}`;
  const advice = {
    en: 'the volume of the pid file does not answer: put it on a local one',
    zh: 'pid 文件所在的卷没有应答：把它放到本地的卷上',
  };

  return {
    id,
    recipient: id,
    notify: (_change, stop) =>
      withinTime({ id, timeout: TIMEOUT, advice: () => advice }, stop, async (end) => {
        const pid = await readPidFile(pidFile);
        if (!end.aborted) send(pid, signal, pidFile);
      }),
  };
}

/** Whether a process exists and may be signalled; sends no signal. */
export function reachOf(pid: number): 'there' | 'gone' | 'forbidden' {
  try {
    process.kill(pid, 0);
    return 'there';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? 'forbidden' : 'gone';
  }
}

const REFUSALS: Readonly<Record<string, { readonly what: Text; readonly advice: Text }>> = {
  ESRCH: {
    what: { en: 'there is no such process', zh: '没有这个进程' },
    advice: {
      en: 'the app has ended, or runs where its pid means something else: in a pod set shareProcessNamespace, or use a webhook',
      zh: '应用已经结束，或者运行在另一个 pid 命名空间：在 Pod 里设置 shareProcessNamespace，或改用 webhook',
    },
  },
  EPERM: {
    what: { en: 'the daemon may not signal it', zh: '守护进程无权向它发信号' },
    advice: {
      en: 'run the daemon as the user of the app, or use a webhook',
      zh: '让守护进程以应用的用户运行，或改用 webhook',
    },
  },
};

function send(pid: number, signal: NodeJS.Signals, path: string): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    const { code = 'unexpected', message } = error as NodeJS.ErrnoException;
    const { what, advice } = REFUSALS[code] ?? {
      what: verbatim(message),
      advice: { en: 'use a signal that this system knows', zh: '使用这个系统认识的信号' },
    };
    throw notifyFailure({
      class: code === 'ESRCH' ? 'passing' : 'refused',
      code,
      message: {
        en: en`cannot send ${signal} to ${pid}, which the pid file ${path} names: ${what} (${code})`,
        zh: zh`无法向 pid 文件 ${path} 里的 ${pid} 发送 ${signal}：${what}（${code}）`,
      },
      advice,
    });
  }
}

/** Size limit in bytes. */
const MAX_BYTES = 64;

/**
 * Reads the pid of a process from a pid file. Because the writer of the file must not be able to end the daemon or
 * what it runs in, it refuses pid 1, this process and its ancestors.
 * @throws {EdgeError} `no-pid-file` if there is none yet; other codes if its content is unusable
 */
export async function readPidFile(path: string): Promise<number> {
  const pid = parsePid(path, await contentOf(path));
  await refuseOwn(pid, path);
  return pid;
}

async function contentOf(path: string): Promise<string> {
  try {
    return (await readRegularFile(path, MAX_BYTES)).text;
  } catch (error) {
    const { code = 'not-a-pid-file', message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw notifyFailure({
        code: 'no-pid-file',
        message: { en: `there is no pid file ${path}`, zh: `没有 pid 文件 ${path}` },
        advice: {
          en: 'start the app, or name the file that it writes its pid into; the daemon must see its folder',
          zh: '启动应用，或指定应用写入 pid 的那个文件；守护进程必须看得到它的目录',
        },
      });
    }
    const what: Text =
      code === 'ELOOP' ? { en: 'it is a symbolic link', zh: '它是符号链接' } : verbatim(message);
    throw notifyFailure({
      class: 'refused',
      code,
      message: {
        en: en`cannot read the pid file ${path}: ${what}`,
        zh: zh`无法读取 pid 文件 ${path}：${what}`,
      },
      advice: {
        en: 'name a small regular file that holds a pid and that the daemon may read',
        zh: '指定一个写有 pid、守护进程可以读取的小的普通文件',
      },
    });
  }
}

function parsePid(path: string, text: string): number {
  const said = text.trim();
  if (said === '') {
    throw notifyFailure({
      code: 'empty-pid-file',
      message: { en: `the pid file ${path} is empty`, zh: `pid 文件 ${path} 是空的` },
      advice: {
        en: 'the app may just be writing it; if it stays so, the app does not write its pid',
        zh: '应用可能正在写它；如果一直如此，说明应用没有写入 pid',
      },
    });
  }
  const pid = /^-?\d{1,10}$/.test(said) ? Number(said) : Number.NaN;
  if (pid > 1 && pid < 2 ** 31) return pid;
  throw notifyFailure({
    class: 'refused',
    code: 'refused-pid',
    message: {
      en: `the pid file ${path} ${Number.isNaN(pid) ? 'holds no pid' : `names the pid ${pid}`}`,
      zh: `pid 文件 ${path} 里${Number.isNaN(pid) ? '没有 pid' : `的 pid 是 ${pid}`}`,
    },
    advice: {
      en:
        'it must hold the number of one process, 2 or higher: 1 is the first process of a container, 0 and ' +
        'negative numbers are whole groups',
      zh: '里面必须是一个进程的编号，2 或更大：1 是容器的第一个进程，0 和负数代表整个进程组',
    },
  });
}

async function refuseOwn(pid: number, path: string): Promise<void> {
  // The id of a thread is refused as well: signalling it reaches its process.
  const owner = await threadGroup(pid);
  if (!(await ownAncestry()).has(owner)) return;
  const what: Text =
    owner === process.pid
      ? { en: 'the daemon itself', zh: '守护进程自身' }
      : { en: 'an ancestor of the daemon', zh: '守护进程的祖先进程' };
  throw notifyFailure({
    class: 'refused',
    code: 'refused-pid',
    message: {
      en: en`the pid file ${path} names ${pid}, which is ${what}`,
      zh: zh`pid 文件 ${path} 里的 ${pid} 是${what}`,
    },
    advice: {
      en: 'name the pid file of the app; the file may be left over from before a restart',
      zh: '指定应用的 pid 文件；这个文件可能是重启之前留下的',
    },
  });
}

/**
 * Returns this process and its visible ancestors. Without /proc, or where /proc hides the processes of other users,
 * the list ends with the parent.
 */
async function ownAncestry(): Promise<ReadonlySet<number>> {
  const line = new Set([process.pid]);
  let next: number | undefined = process.ppid;
  // Pids are reused, so a chain that changes meanwhile could form a circle.
  while (next !== undefined && next > 0 && !line.has(next)) {
    line.add(next);
    next = await statusOf(next, 'PPid');
  }
  return line;
}

/**
 * Returns the process of a thread id: on Linux threads have ids too, and a signal to one reaches the whole process.
 */
async function threadGroup(pid: number): Promise<number> {
  return (await statusOf(pid, 'Tgid')) ?? pid;
}

/** Read `status`, not `stat`, in which the name of a program could imitate any field. */
async function statusOf(pid: number, field: 'PPid' | 'Tgid'): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const [, value] = new RegExp(`^${field}:\\s*(\\d+)$`, 'm').exec(status) ?? [];
  return value === undefined ? undefined : Number(value);
}
