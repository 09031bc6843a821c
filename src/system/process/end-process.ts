import { setTimeout as delay } from 'node:timers/promises';
import { SECOND } from '../../core/time.ts';
import { systemClock } from '../time/clock.ts';

/** What Node's own exit waits for: threads at work on a file, or on the look-up of a name. */
const IN_THREADS = /^(FSReq|FileHandleCloseReq|GetAddrInfo|GetNameInfo)/;

/** How often it looks whether they are done, in ms. */
const LOOK = 10;

/**
 * Ends the process with this code, also where a thread hangs in the look-up of a name or on a file system that does
 * not answer: `process.exit` would wait for it, for ever if need be.
 * @param patience ms that threads have to come to an end. Without one they have a second where Node can leave with the
 *   code all the same (from 22.15 on); where it can only be killed, which loses the code, all the time they need.
 */
export async function endProcess(
  code: number,
  patience = 'execve' in process ? SECOND : Infinity,
): Promise<never> {
  const deadline = systemClock.now().monotonic + patience;
  while (isBusy() && systemClock.now().monotonic < deadline) await delay(LOOK);
  if (!isBusy()) process.exit(code);
  // Another program in place of this one: the threads are gone, and the code is what it says.
  if ('execve' in process && typeof process.execve === 'function') {
    process.execve(process.execPath, [process.execPath, '-e', `process.exit(${code})`], {});
  }
  process.kill(process.pid, 'SIGKILL');
  // Still here: the first process of a container does not heed its own signals.
  process.abort();
}

function isBusy(): boolean {
  return process.getActiveResourcesInfo().some((resource) => IN_THREADS.test(resource));
}
