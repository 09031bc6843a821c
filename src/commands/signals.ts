import { endProcess } from '../system/process/end-process.ts';
import { EXIT } from './exit.ts';

/** The signals of the process. */
export interface Signals {
  /** Resolves with the name of the first TERM or INT. A second one ends the process at once. */
  readonly end: Promise<NodeJS.Signals>;
  /** Sets the handler for HUP. If any HUP arrived before, the handler runs once at once. */
  onHangup(refresh: () => void): void;
  /** Sets the handler that runs when the process ends without waiting any longer for work that hangs. */
  onOverdue(tell: () => void): void;
}

/** After TERM or INT the process ends within the sum of these two times, in ms, even if work hangs. */
const LONGEST_STOP = 4_600;
const LAST_MOMENT = 300;

/**
 * Installs the signal handlers at once. Until then the kernel acts on HUP and TERM by default.
 * @param unfinished the exit code if work hangs, or if a second signal demands the end
 */
export function listenForSignals(unfinished: number = EXIT.ok): Signals {
  let refresh: (() => void) | undefined;
  let overdue: (() => void) | undefined;
  let pending = false;
  process.on('SIGHUP', () => {
    if (refresh) refresh();
    else pending = true;
  });
  // Without a handler Node would open its debugger, on a port that every user of this machine can use.
  process.on('SIGUSR1', () => {});
  const end = new Promise<NodeJS.Signals>((resolve) => {
    let asked = false;
    const ask = (signal: NodeJS.Signals) => {
      if (asked) return void endProcess(unfinished, LAST_MOMENT);
      asked = true;
      resolve(signal);
      // The timer must not delay an end that comes by itself.
      setTimeout(giveUp, LONGEST_STOP).unref();
    };
    process.on('SIGTERM', ask);
    process.on('SIGINT', ask);
  });
  const giveUp = () => {
    overdue?.();
    void endProcess(unfinished, LAST_MOMENT);
  };
  return {
    end,
    onHangup(then) {
      refresh = then;
      if (pending) then();
    },
    onOverdue(tell) {
      overdue = tell;
    },
  };
}
