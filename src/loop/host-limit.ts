import type { Step } from '../core/plan.ts';

/** So many requests of this process are under way at one host. */
const MOST = 32;

/** Steps that talk to a host, each in its turn: thousands of credentials do not open thousands of connections. */
export interface Gates {
  /**
   * Does the work at once, or when one of those before it at this host is done. What stays on this machine never waits.
   */
  pass(host: string, step: Step, work: () => Promise<void>): Promise<void>;
}

export function createGates(most = MOST): Gates {
  const gates = new Map<string, { inside: number; readonly waiting: (() => void)[] }>();

  return {
    async pass(host, { kind }, work) {
      if (kind === 'look' || kind === 'save') return work();
      const gate = gates.get(host) ?? { inside: 0, waiting: [] };
      gates.set(host, gate);
      if (gate.inside >= most) await new Promise<void>((resolve) => gate.waiting.push(resolve));
      else gate.inside += 1;
      try {
        await work();
      } finally {
        // The next one takes this one's place, so that nobody slips in between.
        const next = gate.waiting.shift();
        if (next) next();
        else if (--gate.inside === 0) gates.delete(host);
      }
    },
  };
}
