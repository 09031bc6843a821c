import { SECOND } from '../core/time.ts';
import { type Notifier, notifyFailure, type SignalConfig } from './notifier.ts';
import { readPidFile } from './pid-file.ts';
import { withinTime } from './time-limit.ts';

/** Reading a file of a few bytes: beyond that, the volume does not answer. */
const TIMEOUT = 5 * SECOND;

/** Signals the process that a pid file names, read anew each time: apps restart. See {@link readPidFile} for whom never. */
export function signalNotifier({ pidFile, signal }: SignalConfig): Notifier {
  const id = `signal:${signal}:${pidFile}`;
  const advice = 'the volume of the pid file does not answer: put it on a local one';

  return {
    id,
    recipient: id,
    notify: (_change, stop) =>
      withinTime({ id, timeout: TIMEOUT, advice }, stop, async (end) => {
        const pid = await readPidFile(pidFile);
        if (!end.aborted) send(pid, signal, pidFile);
      }),
  };
}

/** Whether a process is there and may be signalled, found out without one being sent. */
export function reachOf(pid: number): 'there' | 'gone' | 'forbidden' {
  try {
    process.kill(pid, 0);
    return 'there';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? 'forbidden' : 'gone';
  }
}

const REFUSALS: Readonly<Record<string, { readonly what: string; readonly advice: string }>> = {
  ESRCH: {
    what: 'there is no such process',
    advice:
      'the app has ended, or runs where its pid means something else: in a pod set shareProcessNamespace, or use a webhook',
  },
  EPERM: {
    what: 'the daemon may not signal it',
    advice: 'run the daemon as the user of the app, or use a webhook',
  },
};

function send(pid: number, signal: NodeJS.Signals, path: string): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    const { code = 'unexpected', message } = error as NodeJS.ErrnoException;
    const { what, advice } = REFUSALS[code] ?? {
      what: message,
      advice: 'use a signal that this system knows',
    };
    throw notifyFailure({
      class: code === 'ESRCH' ? 'passing' : 'refused',
      code,
      message: `cannot send ${signal} to ${pid}, which the pid file ${path} names: ${what} (${code})`,
      advice,
    });
  }
}
