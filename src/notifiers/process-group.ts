import { setTimeout as delay } from 'node:timers/promises';
import { SECOND } from '../core/time.ts';
import { timerDelay } from '../system/time/deadline.ts';
import type { OutputTail } from './output-tail.ts';

/** How long (ms) a group has to end after TERM: stopping the daemon waits for it. */
const TERM_GRACE = SECOND / 2;

/**
 * How long (ms) to wait for a group to disappear after KILL: its processes may have a parent (the first process of
 * a container) that does not reap them.
 */
const KILL_GRACE = SECOND / 10;

/** Polling interval (ms) while a group is being ended. */
const POLL_INTERVAL = 20;

/**
 * Whether the group that this process leads or led is empty. A process that waits to be reaped still counts as
 * present.
 */
function isGone(leader: number): boolean {
  return !send(leader, 0);
}

/** Ends a process group with TERM, then KILL. Resolves when it is gone, or some time after KILL. Never rejects. */
export async function endGroup(leader: number): Promise<void> {
  send(leader, 'SIGTERM');
  if (await waitUntilGone(leader, TERM_GRACE)) return;
  killGroup(leader);
  await waitUntilGone(leader, KILL_GRACE);
}

/** Ends a process group with KILL at once. */
function killGroup(leader: number): void {
  send(leader, 'SIGKILL');
}

async function waitUntilGone(leader: number, patience: number): Promise<boolean> {
  for (let waited = 0; waited < patience; waited += POLL_INTERVAL) {
    if (isGone(leader)) return true;
    await delay(POLL_INTERVAL);
  }
  return isGone(leader);
}

/**
 * Sends a signal to a group; 0 only checks.
 * @returns whether the group has members, even if none of them may be signalled
 */
function send(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-leader, signal);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Processes that a program left in its process group when it ended. */
export interface Leftovers {
  readonly leader: number;
  readonly output: OutputTail;
  /** Remainder of the timeout, in ms. */
  readonly left: number;
}

/** Polling interval (ms) for leftovers: short enough that the number of the group has not been reassigned. */
const LEFTOVER_POLL_INTERVAL = 250;

/**
 * Lets leftover processes continue until the timeout, then ends them; when the daemon stops, it kills them at once.
 * Returns at once. Their output is read meanwhile, because a closed pipe would end a process that prints.
 */
export function superviseLeftovers({ leader, output, left }: Leftovers, stop: AbortSignal): void {
  if (isGone(leader)) {
    output.close();
    return;
  }
  const look = setInterval(() => {
    if (isGone(leader)) finish();
  }, LEFTOVER_POLL_INTERVAL);
  const limit = setTimeout(() => {
    clearInterval(look);
    void endGroup(leader).then(finish);
  }, timerDelay(left));
  stop.addEventListener('abort', onStop, { once: true });
  if (stop.aborted) onStop();

  function onStop(): void {
    killGroup(leader);
    finish();
  }

  function finish(): void {
    clearInterval(look);
    clearTimeout(limit);
    stop.removeEventListener('abort', onStop);
    output.close();
  }
}
