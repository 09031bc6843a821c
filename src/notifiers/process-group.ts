import { setTimeout as delay } from 'node:timers/promises';
import { SECOND } from '../core/time.ts';
import type { OutputTail } from './output-tail.ts';
import { timerDelay } from './time-limit.ts';

/** What a group has to end by itself after TERM, in ms: a stop of the daemon waits for it. */
const PATIENCE = SECOND / 2;

/** How long it is looked for whether KILL has ended all: some wait for a first process that reaps nobody. Ms. */
const LAST_LOOK = SECOND / 10;

/** How often a group is looked at while it is being ended, in ms. */
const LOOK = 20;

/** Whether nobody is left in the group that this process leads or led. One that only waits to be reaped still counts. */
function isGone(leader: number): boolean {
  return !send(leader, 0);
}

/** Ends a process group: TERM, then KILL. Resolves when it is gone, or when KILL has had its time. */
export async function endGroup(leader: number): Promise<void> {
  send(leader, 'SIGTERM');
  if (await goes(leader, PATIENCE)) return;
  killGroup(leader);
  await goes(leader, LAST_LOOK);
}

/** Ends a process group without a word. */
function killGroup(leader: number): void {
  send(leader, 'SIGKILL');
}

async function goes(leader: number, patience: number): Promise<boolean> {
  for (let waited = 0; waited < patience; waited += LOOK) {
    if (isGone(leader)) return true;
    await delay(LOOK);
  }
  return isGone(leader);
}

/** @returns whether there is somebody in the group, also if none of them may be signalled */
function send(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-leader, signal);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** What a program left running in its process group when it ended. */
export interface Leftovers {
  readonly leader: number;
  readonly output: OutputTail;
  /** Ms that are left of the timeout. */
  readonly left: number;
}

/** How often it is looked whether they are still there, in ms: soon enough that their number is nobody else's yet. */
const LEFTOVER_LOOK = 250;

/**
 * Lets leftovers go on until the timeout, when they are ended; at once when the daemon stops. Returns at once. Until
 * then what they print is read, or printing would end them.
 */
export function tendLeftovers({ leader, output, left }: Leftovers, stop: AbortSignal): void {
  if (isGone(leader)) {
    output.close();
    return;
  }
  const look = setInterval(() => {
    if (isGone(leader)) finish();
  }, LEFTOVER_LOOK);
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
