import { setTimeout as delay } from 'node:timers/promises';
import { SECOND } from '../../core/time.ts';
import { volumes } from '../fs/files.ts';
import { systemClock } from '../time/clock.ts';

/** Resources that Node's own exit waits for: threads busy with a file or with name resolution. */
const THREAD_RESOURCES = /^(FSReq|CloseReq|FileHandleCloseReq|GetAddrInfo|GetNameInfo)/;

/** Polling interval (ms) while waiting for these threads. */
const POLL_INTERVAL = 10;

/**
 * Ends the process with this exit code, even while a thread hangs in name resolution or on a file system that does
 * not answer. `process.exit` would wait for that thread, possibly for ever.
 * @param patience how long (ms) to wait for such threads. The default is a second where Node can still exit with
 *   the code (from 22.15 on). Older versions can only kill the process, which loses the code, so there is no limit
 *   by default, unless a volume is known to hang.
 */
export async function endProcess(
  code: number,
  patience = 'execve' in process || volumes.hung().length > 0 ? SECOND : Infinity,
): Promise<never> {
  const deadline = systemClock.now().monotonic + patience;
  while (isBusy() && systemClock.now().monotonic < deadline) await delay(POLL_INTERVAL);
  if (!isBusy()) process.exit(code);
  // Replace this process by another one that exits with the code: this ends the threads.
  if ('execve' in process && typeof process.execve === 'function') {
    process.execve(process.execPath, [process.execPath, '-e', `process.exit(${code})`], {});
  }
  process.kill(process.pid, 'SIGKILL');
  // Still running: the first process of a container ignores signals that it sends to itself.
  process.abort();
}

function isBusy(): boolean {
  return process.getActiveResourcesInfo().some((resource) => THREAD_RESOURCES.test(resource));
}
