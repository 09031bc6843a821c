import { EXIT } from './exit.ts';

export interface Signals {
  /** Resolves with the name of the first TERM or INT; a second one ends the process at once. */
  readonly end: Promise<NodeJS.Signals>;
  /** A HUP that came before is made up for: any number of them is one. */
  onHangup(refresh: () => void): void;
}

/** Installs the handlers at once: until then HUP and TERM do what the kernel does by default. */
export function listenForSignals(): Signals {
  let refresh: (() => void) | undefined;
  let pending = false;
  process.on('SIGHUP', () => {
    if (refresh) refresh();
    else pending = true;
  });
  const end = new Promise<NodeJS.Signals>((resolve) => {
    let asked = false;
    const ask = (signal: NodeJS.Signals) => {
      if (asked) process.exit(EXIT.ok);
      asked = true;
      resolve(signal);
    };
    process.on('SIGTERM', ask);
    process.on('SIGINT', ask);
  });
  return {
    end,
    onHangup(then) {
      refresh = then;
      if (pending) then();
    },
  };
}
