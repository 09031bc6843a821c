import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { EdgeError, textsOf } from '../core/failure.ts';
import { en, type Text, zh } from '../core/text.ts';
import { isUnanswered, stat } from '../system/fs/files.ts';
import { systemClock } from '../system/time/clock.ts';
import { type Change, type ExecConfig, type Notifier, notifyFailure } from './notifier.ts';
import { keepTail, type OutputTail } from './output-tail.ts';
import { endGroup, superviseLeftovers } from './process-group.ts';
import { stoppedFailure, withinTime } from './time-limit.ts';

/** Search path for programs when the daemon itself has no PATH. */
const USUAL_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * How long (ms) to wait for the last output of a program that has ended; the output of its leftover processes is
 * not waited for.
 */
const OUTPUT_GRACE = 250;

/**
 * Runs a program without a shell, with empty standard input, a minimal environment and its own process group. The
 * delivery succeeds when the program exits with 0. Processes that it leaves in its group may continue until the
 * timeout.
 */
export function execNotifier({ command, timeout }: ExecConfig): Notifier {
  const id = `exec:${programOf(command)}`;
  const advice = {
    en: 'make it quicker, hand the work to something that runs anyway, or raise its timeout',
    zh: '让它更快、把工作交给一直在运行的程序，或调大它的超时时间',
  };

  return {
    id,
    recipient: recipientOf(command),
    async notify(change, stop) {
      if (stop.aborted) throw stoppedFailure(id, stop.reason);
      const deadline = systemClock.now().monotonic + timeout;
      const { leader, output, ended } = await start(id, command, environment(change));
      try {
        await withinTime({ id, timeout, advice: () => advice }, stop, () => ended);
      } catch (error) {
        await endGroup(leader);
        await Promise.race([output.done, delay(OUTPUT_GRACE)]);
        output.close();
        throw withOutput(error, output.text());
      }
      superviseLeftovers({ leader, output, left: deadline - systemClock.now().monotonic }, stop);
    },
  };
}

/**
 * Names the program, and its script if there is one. Other arguments are left out, because they may contain
 * secrets.
 */
export function programOf([file, first]: ExecConfig['command']): string {
  return first?.startsWith('/') ? `${file} ${first}` : file;
}

/** Programs that run another program or a script, so that their own name does not tell what runs. */
const WRAPPER =
  /\/(env|nice|timeout|su|sudo|busybox|(ba|da|a|k|z)?sh|node|bun|deno|java|(perl|php|python|ruby)[\d.]*)$/;

/** Identifies what runs, for the limits: of a shell or an interpreter the script, otherwise the whole command. */
function recipientOf(command: ExecConfig['command']): string {
  const [file, first] = command;
  const isKnown = first?.startsWith('/') || !WRAPPER.test(file);
  return `exec:${isKnown ? programOf(command) : JSON.stringify(command)}`;
}

/** The complete environment of the program: it learns nothing else that the daemon knows. */
function environment({ credential, kind, file, expiresAt }: Change): NodeJS.ProcessEnv {
  const { PATH = USUAL_PATH, HOME = '/' } = process.env;
  return {
    PATH,
    HOME,
    WX_CREDENTIAL: credential,
    WX_KIND: kind,
    WX_FILE: file,
    WX_EXPIRES_AT: String(expiresAt),
  };
}

interface Running {
  /** Its pid, which is also the id of its process group. */
  readonly leader: number;
  readonly output: OutputTail;
  /** Rejects when the program ends with any code but 0, or by a signal. */
  readonly ended: Promise<void>;
}

async function start(
  id: string,
  [file, ...args]: ExecConfig['command'],
  env: NodeJS.ProcessEnv,
): Promise<Running> {
  // Load it only when a program is to be run: it takes two megabytes.
  const { spawn } = await import('node:child_process');
  try {
    // Node waits on its main thread until the program has begun: on a volume that hangs it would wait for ever.
    await stat(file).catch((error: unknown) => {
      if (isUnanswered(error)) throw error;
    });
    const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const ended = new Promise<void>((resolve, reject) => {
      child.once('exit', (code, signal) => (code === 0 ? resolve() : reject(exitFailure(id, code, signal))));
    });
    // Avoid an unhandled rejection before a caller waits for it.
    ended.catch(() => {});
    await once(child, 'spawn');
    // Errors of starting have been handled above; later ones need no handling.
    child.on('error', () => {});
    return { leader: child.pid ?? Number.NaN, output: keepTail([child.stdout, child.stderr]), ended };
  } catch (error) {
    throw spawnFailure(id, error);
  }
}

function exitFailure(id: string, code: number | null, signal: NodeJS.Signals | null): EdgeError {
  return notifyFailure({
    code: signal === null ? `exit-${code}` : `exit-${signal}`,
    message:
      signal === null
        ? { en: `${id} ended with ${code}`, zh: `${id} 以 ${code} 退出` }
        : { en: `${id} was ended by ${signal}`, zh: `${id} 被 ${signal} 结束` },
    advice:
      signal === 'SIGKILL'
        ? {
            en: 'out of memory? The program counts towards the memory of the sidecar',
            zh: '是不是内存不足？程序的内存计入 sidecar 的内存',
          }
        : {
            en: 'run it by hand, as the user of the daemon and with nothing but PATH, HOME and WX_… set',
            zh: '手动运行它：以守护进程的用户，只设置 PATH、HOME 和 WX_…',
          },
  });
}

/** Appends the last output to the message: it is often the only hint at the cause. */
function withOutput(error: unknown, said: string): unknown {
  if (!(error instanceof EdgeError) || said === '') return error;
  const { message, advice } = textsOf(error.failure);
  return new EdgeError({
    ...error.failure,
    advice,
    message: { en: en`${message}; it said: ${said}`, zh: zh`${message}；它输出了：${said}` },
  });
}

interface Meaning {
  readonly what: Text;
  readonly advice: Text;
}

const MEANINGS: Readonly<Record<string, Meaning>> = {
  ENOENT: {
    what: {
      en: 'there is no such program, or its first line (#!) names one that is not there',
      zh: '没有这个程序，或者它第一行（#!）指定的程序不存在',
    },
    advice: {
      en: 'give its full path, and see that it is in the image of the sidecar, not only in that of the app',
      zh: '写出完整路径，并确认它在 sidecar 的镜像里，而不只是在应用的镜像里',
    },
  },
  EACCES: {
    what: { en: 'it may not be executed', zh: '无权执行它' },
    advice: {
      en: 'chmod a+x; and the volume must not be mounted noexec',
      zh: 'chmod a+x；卷也不能以 noexec 挂载',
    },
  },
  E2BIG: {
    what: { en: 'its arguments are too long', zh: '参数太长' },
    advice: { en: 'put them into a script', zh: '把参数放进脚本里' },
  },
  ENOEXEC: {
    what: { en: 'it is no program of this machine', zh: '它不是这台机器能运行的程序' },
    advice: {
      en: 'give a script its first line (#!/bin/sh), and a binary the right architecture',
      zh: '脚本要有第一行（#!/bin/sh），二进制程序要符合这台机器的架构',
    },
  },
  EAGAIN: {
    what: { en: 'there are too many processes', zh: '进程太多' },
    advice: {
      en: "raise the limit (ulimit -u, the container's pids)",
      zh: '调大上限（ulimit -u、容器的 pids）',
    },
  },
  EMFILE: {
    what: { en: 'the daemon has too many open files', zh: '守护进程打开的文件太多' },
    advice: { en: 'raise the limit (ulimit -n)', zh: '调大上限（ulimit -n）' },
  },
  ENOMEM: {
    what: { en: 'there is not enough memory', zh: '内存不足' },
    advice: { en: "raise the container's limit", zh: '调大容器的内存上限' },
  },
};

const BY_HAND: Text = {
  en: 'try the command by hand, as the user of the daemon',
  zh: '以守护进程的用户手动试运行这条命令',
};

/** Errors that pass by themselves; the others need an operator. */
const PASSING = new Set(['EAGAIN', 'EMFILE', 'ENOMEM']);

/** Converts the error of a program that could not be started. */
function spawnFailure(id: string, error: unknown): EdgeError {
  const { code = 'unexpected' } = error as NodeJS.ErrnoException;
  const known = MEANINGS[code];
  return notifyFailure(
    {
      class: PASSING.has(code) ? 'passing' : 'refused',
      code,
      message: {
        en: known ? en`cannot start ${id}: ${known.what} (${code})` : `cannot start ${id}: ${code}`,
        zh: known ? zh`无法启动 ${id}：${known.what}（${code}）` : `无法启动 ${id}：${code}`,
      },
      advice: known?.advice ?? BY_HAND,
    },
    // Replace the original error, which quotes all arguments.
    new Error(`spawn ${code}`),
  );
}
