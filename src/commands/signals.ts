import { endProcess } from '../system/process/end-process.ts';
import { EXIT } from './exit.ts';

export interface Signals {
  /** Resolves with the name of the first TERM or INT; a second one ends the process at once. */
  readonly end: Promise<NodeJS.Signals>;
  /** A HUP that came before is made up for: any number of them is one. */
  onHangup(refresh: () => void): void;
  /** Told when what hangs is no longer waited for. */
  onOverdue(tell: () => void): void;
}

/** The end by TERM or INT takes at most the sum of both, in ms, whatever hangs. */
const LONGEST_STOP = 4_600;
const LAST_MOMENT = 300;

/**
 * Installs the handlers at once: until then HUP and TERM do what the kernel does by default.
 * @param unfinished the exit code where something hangs, or nobody wants to wait for it
 */
export function listenForSignals(unfinished: number = EXIT.ok): Signals {
  let refresh: (() => void) | undefined;
  let overdue: (() => void) | undefined;
  let pending = false;
  process.on('SIGHUP', () => {
    if (refresh) refresh();
    else pending = true;
  });
  // Node would open its debugger, on a port that every user of this machine may use.
  process.on('SIGUSR1', () => {});
  const end = new Promise<NodeJS.Signals>((resolve) => {
    let asked = false;
    const ask = (signal: NodeJS.Signals) => {
      if (asked) return void endProcess(unfinished, LAST_MOMENT);
      asked = true;
      resolve(signal);
      // Not in the way of an end that comes by itself.
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
