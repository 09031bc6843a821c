/** The sandbox's own time in epoch ms, which the control path moves against its source. */
export interface SandboxClock {
  readonly now: () => number;
  /** Moves the clock by `ms`, back if negative. */
  readonly advance: (ms: number) => void;
}

export function createSandboxClock(source: () => number): SandboxClock {
  let offset = 0;
  return {
    now: () => source() + offset,
    advance(ms) {
      offset += ms;
    },
  };
}
