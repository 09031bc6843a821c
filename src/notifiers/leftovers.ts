import type { OutputTail } from './output-tail.ts';
import { endGroup, isGone, killGroup } from './process-group.ts';
import { timerDelay } from './time-limit.ts';

/** What a program left running in its process group when it ended. */
export interface Leftovers {
  readonly leader: number;
  readonly output: OutputTail;
  /** Ms that are left of the timeout. */
  readonly left: number;
}

/** How often it is looked whether they are still there, in ms: soon enough that their number is nobody else's yet. */
const LOOK = 250;

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
  }, LOOK);
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
